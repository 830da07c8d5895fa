/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * File handles of its layers that an overlay with index=on or nfs_export=on stores, in "work/index"
 * and in attributes of the upper layer. Copies of the layers have other handles, so the kernel
 * refuses them (ESTALE).
 */
#ifndef REBIND_MNT_FS_OVERLAY_INDEX_H
#define REBIND_MNT_FS_OVERLAY_INDEX_H

#include <stdbool.h>

struct overlay_index {
	bool export; /* nfs_export=on: directories of layers are taken by their handles, too */
	const char *origin; /* attribute of a file: the one that it was copied from */
	const char *upper;  /* attribute of the index: the upper layer that it belongs to */
};

/**
 * overlay_index_look - does an overlay with these options have an index, and what is it called?
 */
bool overlay_index_look(const char *options, struct overlay_index *ret);

/**
 * overlay_index_needed - would the overlay show something else without these handles
 * @upper_fd, @work_fd: its two directories
 * @index: overlay_index_look()'s
 *
 * Return: 0: no; 1: the index has entries, for hard links with other names in a lower layer or for
 * files exported over NFS; 2: a directory of the upper layer refers to its lower one by handle; or
 * a negative errno.
 */
int overlay_index_needed(const struct overlay_index *index, int upper_fd, int work_fd);

/**
 * overlay_index_forget - remove the handles that the kernel sets again when it mounts the overlay
 *
 * Return: 0 or a negative errno.
 */
int overlay_index_forget(const struct overlay_index *index, int upper_fd, int work_fd);

#endif
