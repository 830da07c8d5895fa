/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts by superblock and root: finds the mount that a bind shows a part of, by its root. */
#ifndef REBIND_MODEL_ROOT_INDEX_H
#define REBIND_MODEL_ROOT_INDEX_H

#include "base/table.h"
#include "model/tree.h"

struct root_index {
	const struct mount_tree *tree;
	struct table table;
};

uint64_t root_index_hash(uint32_t dev, const char *root, size_t size);

/**
 * root_index_add - put a mount of the tree into the index
 * Return: 0 or -ENOMEM.
 */
int root_index_add(struct root_index *parts, uint32_t index);

/**
 * root_index_find - the mount whose root is the longest that contains @root, or NULL
 * @ret_rest: what remains of @root below it
 */
const struct mount *root_index_find(const struct root_index *parts, uint32_t dev, const char *root,
				    const char **ret_rest);

#endif
