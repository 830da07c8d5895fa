/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What contents.c and contents-hidden.c share: the child that reads contents. */
#ifndef REBIND_MNT_CONTENTS_READER_H
#define REBIND_MNT_CONTENTS_READER_H

#include "mnt/progress.h"
#include "mnt/scan.h"

struct reader {
	const struct scan_target *target;
	const struct mount_tree *tree;
	int image_dir_fd, sock;
	int peeler_sock; /* in the peeler: to the reader */
	int proc_fd; /* in the peeler: its /proc/self, opened before the namespace was entered */
	int near_fd; /* the visible place that was opened last, or negative */
	const char *near; /* its path */
	uint32_t n_left;  /* superblocks not read yet */
	struct progress progress;
	bool ask_sockets;
	bool *done;	     /* by first mount */
	struct table inodes; /* of deleted roots that were read; given back by the exit */
};

/**
 * contents_open_place - what is on top at a mount's path
 *
 * Return: a descriptor (O_PATH) or a negative errno.
 */
int contents_open_place(const struct mount *m);

/**
 * contents_is_there - is that the root of the mount's superblock? In a copy ids differ.
 */
bool contents_is_there(const struct mount *m, int fd);

/**
 * contents_open_clean - a clean view of the mount whose root this is
 * @fd: contents_open_place()'s
 *
 * Return: a descriptor, or a negative errno: it is another mount's.
 */
int contents_open_clean(const struct reader *r, const struct mount *m, int fd);

/**
 * contents_pack - archive them, and tell the caller
 * @first: the mount by which they are kept, contents_is_first()
 * @dir_fd: the root of the filesystem; or the place of the mount, if its own root was deleted
 *
 * Return: 0 or a negative errno, logged.
 */
int contents_pack(struct reader *r, uint32_t first, int dir_fd);

/**
 * contents_read_hidden - all that is not read yet; to be called in the caller's namespace
 *
 * Return: 0 or a negative errno, logged.
 */
int contents_read_hidden(struct reader *r);

#endif
