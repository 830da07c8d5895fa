/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which mounts are files. */
#ifndef REBIND_MNT_SCAN_ROOT_TYPE_H
#define REBIND_MNT_SCAN_ROOT_TYPE_H

#include "mnt/scan/scan.h"

/**
 * kind_find_all - find out which mounts are of a directory and which of a file
 * @tree: m->visible is known (visible_find_all)
 *
 * The kernel puts a directory on a directory and a file on a file, so the mountpoint tells the
 * kind, and what is stacked on a mount is of its kind. Mountpoints that stand side by side are told
 * by one reading of their directory. Mounts in hidden trees stay unknown unless they show a whole
 * filesystem.
 */
void kind_find_all(const struct scan_target *target, struct mount_tree *tree);

#endif
