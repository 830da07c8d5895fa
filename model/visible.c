// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/visible.h"

#include <string.h>

void visible_free(struct visible *visible)
{
	table_free(&visible->by_path);
}

static uint64_t place_key(uint32_t parent, const char *path, size_t size)
{
	return table_hash_bytes(path, size) + parent * 0x9e3779b97f4a7c15ULL;
}

/* Every mount by its parent and path, to find a sibling on the way to another. */
static int index_places(const struct mount_tree *tree, struct table *places)
{
	int err = table_reserve(places, tree->n);

	for (uint32_t i = 0; i < tree->n && !err; i++) {
		const struct mount *m = &tree->mounts[i];

		err = table_put(places, place_key(m->parent, m->mountpoint, strlen(m->mountpoint)),
				i, NULL);
	}
	return err;
}

/* Is a sibling mounted on the parent's root, or on a directory on the way to this mount? */
static bool is_behind_sibling(const struct mount_tree *tree, const struct table *places,
			      const struct mount *m)
{
	const char *from = m->mountpoint, *rest = tree_relative(tree, m);
	size_t n =
		rest >= from && rest < from + strlen(from) ? (size_t)(rest - from) : strlen(from);

	/* "n" is the length of the parent's own path: the first prefix to look at. */
	if (!rest[1])
		return false;
	for (;; n++, n += strcspn(from + n, "/")) {
		if (!from[n])
			return false;
		uint32_t found = table_get(places, place_key(m->parent, from, n ? n : 1));
		const char *path = found == TABLE_NONE ? NULL : tree->mounts[found].mountpoint;

		if (path && tree->mounts[found].parent == m->parent &&
		    strlen(path) == (n ? n : 1) && strncmp(path, from, n ? n : 1) == 0)
			return true;
	}
}

int visible_find_all(struct mount_tree *tree, struct visible *ret)
{
	cleanup_table struct table places = { 0 };
	int err = index_places(tree, &places);

	if (!err)
		err = table_reserve(&ret->by_path, tree->n);
	tree_for_each (i, tree) {
		struct mount *m = &tree->mounts[i];
		const struct mount *parent = tree_parent(tree, m);

		if (err)
			break;
		m->visible = !parent || (parent->visible && !is_behind_sibling(tree, &places, m));
		/* What is stacked comes later in the walk than what it is stacked on. */
		if (m->visible)
			err = table_put(&ret->by_path,
					table_hash_bytes(m->mountpoint, strlen(m->mountpoint)), i,
					NULL);
	}
	return err;
}

struct mount *visible_at(const struct mount_tree *tree, const struct visible *visible,
			 const char *path)
{
	uint32_t i = table_get(&visible->by_path, table_hash_bytes(path, strlen(path)));

	return i != TABLE_NONE && strcmp(tree->mounts[i].mountpoint, path) == 0 ? &tree->mounts[i]
										: NULL;
}
