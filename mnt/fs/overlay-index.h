/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an overlay with index=on or nfs_export=on knows of its layers by file handles: "work/index"
 * and attributes of the upper layer. Copies of the layers have other handles, and the kernel
 * refuses them (ESTALE).
 */
#ifndef REBIND_MNT_FS_OVERLAY_INDEX_H
#define REBIND_MNT_FS_OVERLAY_INDEX_H

#include <stdbool.h>

/**
 * overlay_index_is_used - does an overlay with these options have an index?
 * @ret_export: does it also take directories of layers by their handles?
 */
bool overlay_index_is_used(const char *options, bool *ret_export);

/**
 * overlay_index_needed - would the overlay show something else without what it has by handle?
 * @upper_fd, @work_fd: its two directories
 * @export: as overlay_index_is_used() says
 *
 * Return: 0: no; 1: the index has entries: hard links whose other names are in a lower layer, or
 * what was handed out over NFS; 2: a directory of the upper layer has its lower one by handle; or a
 * negative errno.
 */
int overlay_index_needed(int upper_fd, int work_fd, bool export);

/**
 * overlay_index_forget - take the handles away that the kernel sets anew when it mounts the overlay
 *
 * Return: 0 or a negative errno.
 */
int overlay_index_forget(int upper_fd, int work_fd);

#endif
