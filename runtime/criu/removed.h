/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Removed files that processes have open. CRIU would create such a file among mounts of its own,
 * and remove it by a path in the caller's mounts. So each is created here when the mounts are
 * built, under an unused name (removed_read()). CRIU opens it as any other file. Then it gets the
 * name that it had, if that is free, and is removed: the processes see what they saw before.
 */
#ifndef REBIND_RUNTIME_CRIU_REMOVED_H
#define REBIND_RUNTIME_CRIU_REMOVED_H

#include "base/guard.h"
#include "image/removed.h"
#include "model/mount.h"

/* A directory of a tmpfs that gets files for a moment: its times are put back. */
struct criu_removed_parent {
	const char *path;
	struct timespec times[2];
};

struct criu_removed {
	struct removed_files files;
	struct strings gone; /* removed directories, parents first: created for that time */
	struct strings parent_paths;
	struct criu_removed_parent *parents;
	size_t n_parents;
	int images_fd;
	int ns_fd, root_fd;	/* of the new mount namespace */
	struct mount_idmap map; /* of the processes' user namespace, if it is another */
	struct guard guard;	/* it takes them back if we die */
	bool is_made;
};

#define CRIU_REMOVED_INIT \
	.images_fd = -EBADF, .ns_fd = -EBADF, .root_fd = -EBADF, .guard = { -EBADF, 0 }

/**
 * criu_removed_find - read what the image has, while nothing has been started
 *
 * Return: 0 or a negative errno, logged or with a finding.
 */
int criu_removed_find(struct criu_removed *removed, const char *images_dir,
		      struct findings *findings);

/**
 * criu_removed_make - make them
 * @ns_fd, @root_fd: the mount namespace, and its root
 * @root_task: the process that opens them, or 0
 *
 * Return: 0 or a negative errno, logged.
 */
int criu_removed_make(struct criu_removed *removed, int ns_fd, int root_fd, pid_t root_task);

/**
 * criu_removed_finish - CRIU has opened them: give them their old names, and remove them
 *
 * Return: 0 or a negative errno, logged.
 */
int criu_removed_finish(struct criu_removed *removed);

/**
 * criu_removed_end - remove those that were not finished
 */
void criu_removed_end(struct criu_removed *removed);

#endif
