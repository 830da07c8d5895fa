/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which mounts a path leads to, told by the tree alone. */
#ifndef REBIND_MODEL_VISIBLE_H
#define REBIND_MODEL_VISIBLE_H

#include "model/tree.h"

/* The mount that is seen at each mountpoint. */
struct visible {
	struct table by_path; /* hash of the mountpoint -> index of the mount on top there */
};

void visible_free(struct visible *visible);
#define cleanup_visible cleanup(visible_free)

/**
 * visible_find_all - mark the mounts that their paths lead to
 *
 * The place of a mount is hidden if its parent's is, if something is mounted on the parent's root,
 * or if a sibling is mounted on a directory above it. Sets m->visible, also on a mount that is
 * covered by one stacked on its own root: its place is seen, and the other mount there.
 *
 * Return: 0 or -ENOMEM.
 */
int visible_find_all(struct mount_tree *tree, struct visible *ret);

/**
 * visible_at - the mount on top at a mountpoint
 * @path: spelled as the kernel spells it
 *
 * Return: the mount, or NULL: nothing that can be seen is mounted there.
 */
struct mount *visible_at(const struct mount_tree *tree, const struct visible *visible,
			 const char *path);

#endif
