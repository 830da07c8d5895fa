/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* image -> model -> plan -> a namespace that was compared with it */
#ifndef REBIND_MNT_RESTORE_H
#define REBIND_MNT_RESTORE_H

#include "mnt/ipc/action.h"
#include "mnt/build/journal.h"
#include "mnt/ns/helper.h"
#include "model/compare.h"
#include "model/findings.h"

/* One more namespace of a set. */
struct restore_member {
	uint32_t ns; /* its number */
	int fd, root_fd;
};

struct restore_result {
	int ns_fd;			/* the new mount namespace */
	int root_fd;			/* O_PATH: its root, below whatever is stacked on that */
	uint32_t ns;			/* of a set: its number, which is the first's; else 0 */
	struct restore_member *members; /* malloc()ed: those beside it */
	uint32_t n_members;
	struct ns_helper ns_helper; /* pid 0: no other namespaces were asked for */
	/*
	 * Of mountpoints that were made: the journal; and the builder, which takes them back if the
	 * caller dies before the namespace was handed over: handover.h.
	 */
	struct journal journal;
	pid_t builder;
	int builder_sock;
	struct action action; /* what is left of it */
};

/**
 * restore_members_free - close them
 */
void restore_members_free(struct restore_member **members, uint32_t *n);

/**
 * restore_run - rebind_restore() with lists instead of a report
 * @reader: of rebind_set_reader()
 * @into_fd: nsfs: build in this mount namespace, of host_view_open(), instead of a new one; or
 *           negative. The processes in it get the new root. If the restore fails, the namespace
 *           is of no further use, and the caller must end these processes.
 * @ret: filled on success, except in a dry run
 */
int restore_run(const struct rebind_restore_options *options, const char *reader, int into_fd,
		struct findings *findings, struct differences *differences,
		struct restore_result *ret);

/**
 * restore_copies - several namespaces of one image, which is read and decided about once
 * @n: how many are wanted
 * @ret: an array of @n
 * @ret_done: how many were made, also on failure. At least one on success; fewer than @n if a copy
 *            of the first would differ from what a restore makes (copy.h)
 *
 * Return: 0 or a negative errno.
 */
int restore_copies(const struct rebind_restore_options *options, const char *reader,
		   struct findings *findings, struct differences *differences, unsigned int n,
		   struct restore_result *ret, unsigned int *ret_done);

#endif
