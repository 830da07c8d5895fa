/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which mounts are files, and which stand on a symlink. */
#ifndef REBIND_MNT_SCAN_ROOT_TYPE_H
#define REBIND_MNT_SCAN_ROOT_TYPE_H

#include "mnt/scan/scan.h"
#include "model/visible.h"

/**
 * root_type_find_all - find out which mounts are of a directory and which of a file
 * @tree, @visible: after visible_find_all()
 *
 * The kernel puts a directory on a directory and a file on a file, so the mountpoint tells the
 * kind, and what is stacked on a mount is of its kind. Mountpoints that stand side by side are told
 * by one reading of their directory. Mounts in hidden trees stay unknown unless they show a whole
 * filesystem.
 */
void root_type_find_all(const struct scan_target *target, struct mount_tree *tree,
			const struct visible *visible);

/**
 * kind_find_symlinks - find out which mounts stand on a symlink, and which show one
 * @tree: after root_type_find_all()
 *
 * With open_tree(2) and move_mount(2) both can be. A path leads to what is mounted on the symlink;
 * only its directory tells that it is one. Each directory that files are mounted in is read once.
 *
 * Return: 0 or -ENOMEM.
 */
int kind_find_symlinks(const struct scan_target *target, struct mount_tree *tree);

#endif
