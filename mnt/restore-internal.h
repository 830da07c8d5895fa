/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What restore.c and restore-build.c share: a restore, as the caller's process knows it. */
#ifndef REBIND_MNT_RESTORE_INTERNAL_H
#define REBIND_MNT_RESTORE_INTERNAL_H

#include "mnt/build/journal.h"
#include "mnt/check/caller-mounts.h"
#include "mnt/ipc/action.h"
#include "mnt/ipc/progress.h"
#include "mnt/ns/helper.h"
#include "mnt/ns/idmap.h"
#include "mnt/restore.h"
#include "mnt/source/source.h"
#include "model/plan.h"

struct restore {
	const struct rebind_restore_options *options;
	struct findings *findings;
	struct differences *differences;
	struct restore_result *result;
	enum scan_reader reader;
	struct external_options externals;
	struct mount_tree tree; /* const from settle_mounts(), and settle_ids(), on */
	struct mount_tree callers;
	struct caller_mounts caller_mounts;
	uint64_t callers_ns; /* callers has what was asked for so far; 0: all */
	struct sources sources;
	struct idmaps idmaps;
	struct plan plan;
	struct ns_helper ns_helper;
	bool has_inside_ids;	/* the image has the ids of the processes' user namespace */
	struct mount_idmap ids; /* then, of the one that is joined */
	uint32_t *attributes;	/* by mount, where a plugin restricts more; NULL: as recorded */
	struct journal journal;
	pid_t builder; /* waits for the handing over */
	int builder_sock;
	int into_fd; /* the caller's, or negative */
	int image_dir_fd, ns_fd, root_fd;
	struct restore_member *members; /* of a set: those beside the first */
	uint32_t n_members;
	struct progress progress;
	uint64_t above;		   /* the id that the namespace must be above, to be pinned */
	unsigned int wanted, done; /* namespaces; result has so many */
	bool *anew;		   /* of a copy: copy_plan(); NULL: there is none */
	int copy_fd;		   /* the first of them, or negative */
	struct action action;
};

/**
 * restore_build - fork the builder, and listen to it until the namespace stands and was compared
 *
 * Return: 0: r->ns_fd and r->root_fd are open, and the builder waits for the handing over; or a
 * negative errno, logged: there is no builder any more.
 */
int restore_build(struct restore *r);

#endif
