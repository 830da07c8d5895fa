/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts by superblock and root: finds whose part a bind shows, by walking up its root. */
#ifndef REBIND_MODEL_ROOT_INDEX_H
#define REBIND_MODEL_ROOT_INDEX_H

#include "base/table.h"
#include "model/tree.h"

struct parts {
	const struct mount_tree *tree;
	struct table table;
};

uint64_t parts_hash(uint32_t dev, const char *root, size_t size);

/**
 * parts_add - put a mount of the tree into the index
 * Return: 0 or -ENOMEM.
 */
int parts_add(struct parts *parts, uint32_t index);

/**
 * parts_find - the mount whose root is the longest that contains @root, or NULL
 * @ret_rest: what remains of @root below it
 */
const struct mount *parts_find(const struct parts *parts, uint32_t dev, const char *root,
			       const char **ret_rest);

#endif
