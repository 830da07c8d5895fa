/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Owners in an image that CRIU shares. For processes with a user namespace of their own they are
 * ids of that namespace, as in CRIU's files. In an image of mounts alone they are the caller's ids.
 */
#ifndef REBIND_MNT_OWNER_IDS_H
#define REBIND_MNT_OWNER_IDS_H

#include "base/text.h"
#include "model/tree.h"

/**
 * owner_ids_inside - translate the ids in the options of a tree to those of the inside
 * Return: 0 or -ENOMEM.
 */
int owner_ids_inside(const struct mount_idmap *map, struct mount_tree *tree);

/* A copy of a tree with other options; it must not outlive that tree. */
struct owner_ids_copy {
	struct mount_tree tree;
	struct strings texts;
	struct mount_idmap map;
};

/**
 * owner_ids_copy_live - a live tree as an image of processes would have it
 * @ns_fd: its namespace
 * @ret: zeroed, to be freed in any case
 *
 * Return: 1; 0 if nothing differs, so there is no copy; or a negative errno.
 */
int owner_ids_copy_live(const struct mount_tree *tree, int ns_fd, struct owner_ids_copy *ret);
void owner_ids_copy_free(struct owner_ids_copy *copy);

/**
 * owner_ids_outside - translate the ids in options and sockets of an image to those of the host
 * Return: 0 or -ENOMEM.
 */
int owner_ids_outside(const struct mount_idmap *map, struct mount_tree *tree);

#endif
