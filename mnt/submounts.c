// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/submounts.h"

#include <string.h>

#include "base/path.h"
#include "model/volume.h"

/*
 * The caller's mounts by superblock, root and last name: one superblock and root can be at many
 * places.
 */
struct ends {
	const struct mount_tree *tree;
	struct table table;
	uint32_t *next; /* of the same hash */
};

static uint64_t end_hash(const struct mount *m)
{
	const char *name = strrchr(m->mountpoint, '/');

	return root_index_hash(m->dev, m->root, strlen(m->root)) * 31 +
	       table_hash_bytes(name, strlen(name));
}

/* Does the mountpoint's path lead to this mount of the caller's, and not to one that covers it? */
static bool is_seen(const struct external_input *in, uint32_t i)
{
	const struct mount *m = &in->callers->mounts[i];

	return visible_at(in->callers, in->callers_visible, m->mountpoint) == m;
}

static int index_ends(const struct external_input *in, struct ends *ret)
{
	const struct mount_tree *callers = in->callers;
	int err = 0;

	*ret = (struct ends){ .tree = callers,
			      .next = malloc((callers->n + 1) * sizeof(*ret->next)) };
	if (!ret->next)
		return -ENOMEM;
	for (uint32_t i = 0; i < callers->n && !err; i++)
		if (is_seen(in, i))
			err = table_put(&ret->table, end_hash(&callers->mounts[i]), i,
					&ret->next[i]);
	return err;
}

static void ends_free(struct ends *ends)
{
	table_free(&ends->table);
	free(ends->next);
}

/* Is this very mount (superblock and root) below the caller's copy of the volume, at the same path?
 */
static bool came_along(const struct ends *callers, const struct mount *volume,
		       const struct mount *m)
{
	const char *below = path_rest_below(m->mountpoint, volume->mountpoint);
	size_t k = below ? strlen(below) : 0;

	for (uint32_t i = k ? table_get(&callers->table, end_hash(m)) : TABLE_NONE; i != TABLE_NONE;
	     i = callers->next[i]) {
		const struct mount *host = &callers->tree->mounts[i];
		size_t n = strlen(host->mountpoint);

		if (host->dev == m->dev && strcmp(host->root, m->root) == 0 && n >= k &&
		    strcmp(host->mountpoint + n - k, below) == 0)
			return true;
	}
	return false;
}

/* The declared mount below which an external one stands, or NULL: it is somewhere else. */
static const struct mount *volume_above(const struct mount_tree *tree, const struct mount *m)
{
	while (m && m->owner == MOUNT_EXTERNAL && !m->key)
		m = tree_parent(tree, m);
	return m && m->owner == MOUNT_EXTERNAL ? m : NULL;
}

/* The volume with the source that contains it: as a part, or at the same path below. */
static const struct mount *find_volume(struct external_input *in, const struct root_index *volumes,
				       const struct ends *callers, const struct mount *m)
{
	const struct mount *parent = tree_parent(in->tree, m);
	const char *rest;
	const struct mount *whole = root_index_find(volumes, m->dev, m->root, &rest);

	if (whole || !parent || parent->owner != MOUNT_EXTERNAL || !came_along(callers, parent, m))
		return whole;
	return volume_above(in->tree, parent);
}

void submounts_free(struct submounts *submounts)
{
	table_free(&submounts->parts.table);
	free(submounts->volumes);
}

static int come_along(struct mount *m, const struct mount *volume, struct submounts *submounts)
{
	uint32_t i = tree_index(submounts->parts.tree, m);

	m->owner = MOUNT_EXTERNAL;
	m->comes_along = true;
	m->parent_key = volume->key;
	submounts->volumes[i] = volume;
	return root_index_add(&submounts->parts, i);
}

static bool is_open(const struct mount *m)
{
	/* What was deleted is no part of anything any more, whatever its path says. */
	return m->owner == MOUNT_UNDECIDED && !m->deleted;
}

static bool any_open(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (is_open(&tree->mounts[i]))
			return true;
	return false;
}

int submounts_decide(struct external_input *in, struct submounts *submounts)
{
	if (!any_open(in->tree))
		return 0;
	cleanup(ends_free) struct ends callers = { 0 };
	struct root_index volumes = { .tree = in->tree };
	int err = index_ends(in, &callers);

	submounts->parts.tree = in->tree;
	submounts->volumes = calloc(in->tree->n, sizeof(*submounts->volumes));
	if (!submounts->volumes)
		err = -ENOMEM;
	for (uint32_t i = 0; i < in->tree->n && !err; i++)
		if (in->tree->mounts[i].owner == MOUNT_EXTERNAL)
			err = root_index_add(&volumes, i);
	tree_for_each (i, in->tree) {
		struct mount *m = &in->tree->mounts[i];

		if (err || !is_open(m))
			continue;
		const struct mount *volume = find_volume(in, &volumes, &callers, m);

		if (volume)
			err = come_along(m, volume, submounts);
	}
	table_free(&volumes.table);
	return err;
}

static int follow_companion(struct external_input *in, struct submounts *submounts, struct mount *m)
{
	const char *rest;
	const struct mount *found = root_index_find(&submounts->parts, m->dev, m->root, &rest);

	if (!found)
		return 0;
	const struct mount *volume = submounts->volumes[tree_index(in->tree, found)];
	const char *below = volume_path_below(volume, found);
	cleanup_free char *path = below ? path_join(below, rest) : NULL;

	if (below && !path)
		return -ENOMEM;
	if (!below)
		return 0;
	m->parent_path = arena_copy(&in->tree->strings, path, strlen(path));
	return m->parent_path ? come_along(m, volume, submounts) : -ENOMEM;
}

int submounts_follow(struct external_input *in, struct submounts *submounts)
{
	int err = 0;

	tree_for_each (i, in->tree) {
		struct mount *m = &in->tree->mounts[i];

		if (!err && is_open(m))
			err = follow_companion(in, submounts, m);
	}
	return err;
}
