// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/root-index.h"

#include <string.h>

#include "base/path.h"

uint64_t root_index_hash(uint32_t dev, const char *root, size_t size)
{
	return table_hash_bytes(root, size) ^ ((uint64_t)dev << 32 | dev);
}

int root_index_add(struct root_index *parts, uint32_t index)
{
	const struct mount *m = &parts->tree->mounts[index];

	return table_put(&parts->table, root_index_hash(m->dev, m->root, strlen(m->root)), index,
			 NULL);
}

const struct mount *root_index_find(const struct root_index *parts, uint32_t dev, const char *root,
				    const char **ret_rest)
{
	size_t n = strlen(root);

	for (;;) {
		uint32_t index = table_get(&parts->table, root_index_hash(dev, root, n ? n : 1));
		const struct mount *m = index == TABLE_NONE ? NULL : &parts->tree->mounts[index];
		const char *rest = m && m->dev == dev ? path_rest_below(root, m->root) : NULL;

		if (rest) {
			*ret_rest = rest;
			return m;
		}
		if (n <= 1)
			return NULL;
		while (n && root[n - 1] != '/')
			n--;
		if (n > 1)
			n--;
	}
}
