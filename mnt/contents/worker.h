/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What contents.c and covered.c share: the child that reads contents. */
#ifndef REBIND_MNT_CONTENTS_WORKER_H
#define REBIND_MNT_CONTENTS_WORKER_H

#include "mnt/contents/uncover.h"
#include "mnt/ipc/progress.h"
#include "mnt/scan/scan.h"

struct reader {
	const struct scan_target *target;
	const struct mount_tree *tree;
	int image_dir_fd, sock;
	const struct mount_idmap *ids; /* owners are written as its inside has them; or NULL */
	unsigned int compress;	       /* archive_compress() */
	int uncover_sock;	       /* in the uncover process: to the reader */
	int proc_fd; /* in the uncover process: its /proc/self, opened before the namespace was entered */
	struct uncovered uncovered; /* in the uncover process */
	unsigned int ahead;	    /* in the uncover process: handed up, and not read yet */
	bool *stuck; /* in the uncover process: by mount, is one that is on it there to stay? */
	int near_fd; /* the visible place that was opened last, or negative */
	const char *near;		 /* its path */
	int outside_fd, outside_root_fd; /* the caller's namespace, and its root */
	bool has_zlib;			 /* it has been loaded */
	uint32_t n_left;		 /* superblocks not read yet */
	struct progress progress;
	uint32_t packing; /* the first mount of the superblock that is being read */
	bool ask_sockets;
	bool *done;	     /* by first mount */
	struct table inodes; /* of deleted roots that were read; given back by the exit */
};

/**
 * contents_is_there - is that the root of the mount's superblock? In a copy ids differ.
 * @ret_mode: of the file
 */
bool contents_is_there(const struct mount *m, int fd, uint32_t *ret_mode);

/**
 * contents_is_mapped - is any mount of this superblock id-mapped? Which one a path leads to is not
 * known in a copy.
 */
bool contents_is_mapped(const struct mount_tree *tree, const struct mount *m);

/**
 * contents_open_clean - a clean view of the mount whose root this is
 * @fd: what is on top at its path
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
