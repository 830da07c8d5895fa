// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/source/extent.h"

#include <string.h>

#include "base/path.h"

/* "@dir@rest", where one of them mostly says it all. */
static const char *extent_join(struct sources *sources, const char *dir, const char *rest)
{
	if (!*rest)
		return dir;
	if (!dir[1] && rest[0] == '/')
		return rest;
	cleanup_free char *path = path_join(dir, rest);

	return path ? arena_copy(&sources->strings, path, strlen(path)) : NULL;
}

/* @rest: what the mount shows of the source */
static struct plan_extent extent_of(struct sources *sources, uint32_t from, const char *rest)
{
	uint32_t number = sources->of[from].group;
	const struct source_group *group = &sources->groups[number];
	struct plan_extent extent = { .from = from };

	extent.unknown = !group->root;
	extent.base = group->root ? sources->groups[group->whole].root : "/";
	extent.space = group->root ? PLAN_SPACE(PLAN_SPACE_CALLERS, group->dev)
				   : PLAN_SPACE(PLAN_SPACE_SOURCE, number);
	extent.root = extent_join(sources, group->root ? group->root : "/", sources->of[from].rest);
	if (extent.root)
		extent.root = extent_join(sources, extent.root, rest);
	return extent;
}

static bool has_source(const struct sources *sources, uint32_t i)
{
	return sources->of[i].group != MOUNT_NONE;
}

static int find_one(const struct mount_tree *tree, struct sources *sources, uint32_t i,
		    struct plan_extent *ret)
{
	const struct mount *m = &tree->mounts[i], *root = &tree->mounts[tree->root];
	const char *rest = m->owner == MOUNT_INTERNAL && m->dev == root->dev
				   ? path_rest_below(m->root, root->root)
				   : NULL;

	if (has_source(sources, i))
		*ret = extent_of(sources, i, "");
	else if (rest && has_source(sources, tree->root))
		*ret = extent_of(sources, tree->root, rest);
	else
		return 0;
	return ret->root ? 0 : -ENOMEM;
}

int source_find_extents(const struct mount_tree *tree, struct sources *sources,
			struct plan_extent **ret)
{
	cleanup_free struct plan_extent *extents = calloc(tree->n, sizeof(*extents));
	int err = extents ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < tree->n && !err; i++)
		if (tree->mounts[i].shared || tree->mounts[i].master)
			err = find_one(tree, sources, i, &extents[i]);
	if (err)
		return err;
	*ret = extents;
	extents = NULL;
	return 0;
}
