/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mounts with a deleted root, in filesystems that we create. The deleted root exists as long as the
 * mount: an empty directory, or a file with its data. It has an archive of its own in the image,
 * because it is in no directory of the filesystem.
 */
#ifndef REBIND_MNT_CONTENTS_UNLINKED_H
#define REBIND_MNT_CONTENTS_UNLINKED_H

#include "mnt/scan/scan.h"

/**
 * unlinked_is_ours - is the mount's root one that we create, and delete again
 */
bool unlinked_is_ours(const struct mount_tree *tree, const struct mount *m);

/**
 * unlinked_is_of_root - is it in the filesystem of the new root
 */
bool unlinked_is_of_root(const struct mount_tree *tree, const struct mount *m);

/**
 * unlinked_look - which of them have another name, as far as they can be seen
 * @tree: those get contents, with their inode and an empty name: unlinked_find_links() finds it
 *
 * Return: 0 or -ENOMEM.
 */
int unlinked_look(const struct scan_target *target, struct mount_tree *tree);

/**
 * unlinked_open_parent - the directory in which a mount is mounted
 *
 * Call it in the namespace, while the mount is not covered. Return: a descriptor (O_PATH), or a
 * negative errno: something else is there.
 */
int unlinked_open_parent(const struct mount *m);

/**
 * unlinked_tell - tell the caller of a deleted root's inode
 * @place_fd: unlinked_open_parent()'s
 * @inodes: those that were told before
 *
 * Return: 1 if its contents need not be kept for this mount, 0 if they must, or a negative errno,
 * logged.
 */
int unlinked_tell(int sock, const struct mount_tree *tree, uint32_t i, int place_fd,
		  struct table *inodes);

/**
 * unlinked_find_links - tell the caller the names that deleted roots of a filesystem still have
 * @first: the first mount of its superblock
 * @dir_fd: a clean view of all of it
 *
 * Return: 0 or a negative errno, logged.
 */
int unlinked_find_links(int sock, const struct mount_tree *tree, uint32_t first, int dir_fd);

/**
 * unlinked_settle - after all messages: each mount of a file with another name gets that name
 *
 * Return: 0, -ENOMEM, or -EAGAIN: the name has gone meanwhile.
 */
int unlinked_settle(struct mount_tree *tree);

/**
 * unlinked_is_all - does nothing in the namespace show the whole filesystem of this mount
 *
 * Then only its deleted roots are saved, each by itself: nothing else of it can be reached.
 */
bool unlinked_is_all(const struct mount_tree *tree, const struct mount *m);

#endif
