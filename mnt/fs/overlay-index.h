/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an overlay with index=on or nfs_export=on knows of its layers by file handles: "work/index"
 * and attributes of the upper layer. Copies of the layers have other handles, and the kernel
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
 * overlay_index_needed - would the overlay show something else without what it has by handle?
 * @upper_fd, @work_fd: its two directories
 * @index: overlay_index_look()'s
 *
 * Return: 0: no; 1: the index has entries: hard links whose other names are in a lower layer, or
 * what was handed out over NFS; 2: a directory of the upper layer has its lower one by handle; or a
 * negative errno.
 */
int overlay_index_needed(const struct overlay_index *index, int upper_fd, int work_fd);

/**
 * overlay_index_forget - take the handles away that the kernel sets anew when it mounts the overlay
 *
 * Return: 0 or a negative errno.
 */
int overlay_index_forget(const struct overlay_index *index, int upper_fd, int work_fd);

#endif
