/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the opaque structures of rebind.h are. */
#ifndef REBIND_API_LIBRARY_H
#define REBIND_API_LIBRARY_H

#include "include/rebind.h"
#include "mnt/scan/set.h"
#include "model/changes.h"
#include "model/compare.h"
#include "model/findings.h"
#include "model/tree.h"

struct rebind_report {
	struct findings findings;
	struct differences differences;
	struct changes changes;
	struct rebind_error error; /* its text is malloc()ed */
};

void report_forget_error(struct rebind_report *report);

struct rebind_tree {
	struct mount_tree tree;
	uint32_t *order;      /* pre-order, siblings by path */
	unsigned int *depth;  /* by position in order */
	struct scan_set live; /* live namespaces, which its strings may belong to; or none */
	int image_dir_fd;     /* an image, or -EBADF */
};

/**
 * library_restore_into - rebind_restore() in a mount namespace that others have entered already
 * @into_fd: as of restore_run()
 */
int library_restore_into(struct rebind *rebind, const struct rebind_restore_options *options,
			 int into_fd, struct rebind_report *report, struct rebind_namespace **ret);

#endif
