/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Removed files that processes have open. CRIU opens each file by its path; given a removed one, it
 * would make it among mounts of its own, and remove it again by a path of its caller's. So each is
 * made here when the mounts are there, under a name that no file has (removed_read()), CRIU opens
 * it as a file like any other, and then it gets the name that it had, if that is free, and is
 * removed: the processes see what they saw.
 */
#ifndef REBIND_RUNTIME_CRIU_REMOVED_H
#define REBIND_RUNTIME_CRIU_REMOVED_H

#include "base/guard.h"
#include "image/removed.h"
#include "model/mount.h"

/* A directory of a tmpfs in which files are made for a moment: its times stay. */
struct criu_removed_parent {
	const char *path;
	struct timespec times[2];
};

struct criu_removed {
	struct removed_files files;
	struct strings
		gone; /* directories that are gone, too, parents first: made for the moment */
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
 * @root_task: who opens them, or 0
 *
 * Return: 0 or a negative errno, logged.
 */
int criu_removed_make(struct criu_removed *removed, int ns_fd, int root_fd, pid_t root_task);

/**
 * criu_removed_finish - they are open: they are called as they were, and are removed
 *
 * Return: 0 or a negative errno, logged.
 */
int criu_removed_finish(struct criu_removed *removed);

/**
 * criu_removed_end - what was not finished is taken back
 */
void criu_removed_end(struct criu_removed *removed);

#endif
