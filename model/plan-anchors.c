// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Anchors. The first mount of a peer group must show everything that its members and slaves show.
 * If no member does, the group starts with an anchor: a clone of a mount that does. The anchor is
 * never attached, and ends with the builder; the members stay a group.
 *
 * For a filesystem that we create, the anchor is a clone of the mount that shows all of it. If none
 * does (the kernel has one sysfs for a namespace, whoever mounts a part; or what was mounted has
 * been unmounted since), it is one of the superblock's root, made before that is dropped. For
 * sources, it is a clone of the caller's mount that they lie on, made before the pivot, while that
 * mount can still be reached. What counts is where the sources are now, not at the dump.
 */
#include <string.h>

#include "base/path.h"
#include "model/plan-internal.h"

struct plan_extent plan_extent(const struct planner *p, uint32_t mount)
{
	const struct mount *m = &p->tree->mounts[mount];
	bool of_root = m->dev == p->tree->mounts[p->tree->root].dev;
	struct plan_extent extent = { .root = m->root, .from = MOUNT_NONE };

	if (p->input->extents && p->input->extents[mount].root)
		return p->input->extents[mount];
	/* What the caller or a plugin makes can only be tried. */
	extent.unknown = m->owner == MOUNT_EXTERNAL || m->owner == MOUNT_PLUGIN;
	extent.space = extent.unknown ? PLAN_SPACE(PLAN_SPACE_MOUNT, mount)
		       : of_root      ? PLAN_SPACE(PLAN_SPACE_ROOT, m->dev)
				      : PLAN_SPACE(PLAN_SPACE_CREATED, m->dev);
	return extent;
}

static bool is_created(const struct plan_extent *extent)
{
	return extent->space >> 32 == PLAN_SPACE_CREATED;
}

/* Does @dir, a path in the space of @whole, show at least what @part shows? */
static bool shows(const struct plan_extent *whole, const char *dir, const struct plan_extent *part)
{
	if (whole->space == part->space)
		return path_rest_below(part->root, dir) != NULL;
	return (whole->unknown || part->unknown) && !is_created(whole) && !is_created(part);
}

static bool is_longer(const char *path, const char *dir)
{
	const char *rest = path_rest_below(path, dir);

	return rest && *rest;
}

void plan_compare_member(const struct planner *p, struct plan_group *group, uint32_t mount)
{
	struct plan_extent extent = plan_extent(p, mount), widest = plan_extent(p, group->widest);
	struct plan_extent on_widest = plan_extent(p, group->on_widest);
	bool tell = extent.space == widest.space;

	if (tell ? is_longer(widest.root, extent.root)
		 : is_longer(p->tree->mounts[group->widest].root, p->tree->mounts[mount].root))
		group->widest = mount;
	if (extent.from != MOUNT_NONE &&
	    (on_widest.from == MOUNT_NONE ||
	     (extent.space == on_widest.space && is_longer(on_widest.base, extent.base))))
		group->on_widest = mount;
}

/* The mount of the tree that shows all that there is of a superblock, or MOUNT_NONE. */
static uint32_t whole_of(const struct planner *p, const struct mount *m)
{
	const struct mount *root = &p->tree->mounts[p->tree->root];
	uint32_t whole = m->dev == root->dev ? p->tree->root : tree_first_of_superblock(p->tree, m);

	return whole == p->tree->root || (p->tree->mounts[whole].owner == MOUNT_INTERNAL &&
					  mount_is_fsroot(&p->tree->mounts[whole]))
		       ? whole
		       : MOUNT_NONE;
}

/* Return: whether there is an anchor for the group that shows more than its widest member. */
static bool find_anchor(struct planner *p, struct plan_group *group)
{
	const struct mount *widest = &p->tree->mounts[group->widest];
	struct plan_extent on_widest = plan_extent(p, group->on_widest);
	struct plan_extent extent = plan_extent(p, group->widest);

	if (on_widest.from != MOUNT_NONE)
		return on_widest.space == extent.space && strcmp(extent.root, on_widest.base) != 0;
	uint32_t whole = whole_of(p, widest);

	if (whole == MOUNT_NONE && is_created(&extent)) {
		group->from_new = p->any_from_new = true;
		return true;
	}
	if (whole == MOUNT_NONE || strcmp(widest->root, p->tree->mounts[whole].root) == 0)
		return false;
	p->anchors[whole] = true;
	return true;
}

/* An anchor shows the whole, so its masters must as well. */
static void need_anchor(struct planner *p, struct plan_group *group)
{
	for (; group && !group->needs_anchor; group = plan_group_of(p, group->master)) {
		if (p->tree->mounts[group->widest].host_shared || !find_anchor(p, group))
			return;
		group->needs_anchor = true;
	}
}

void plan_find_anchors(struct planner *p)
{
	for (uint32_t i = 0; i < p->tree->n; i++) {
		const struct mount *m = &p->tree->mounts[i];
		struct plan_group *group = plan_group_of(p, m->shared);
		struct plan_group *master = plan_group_of(p, m->master);

		if (master)
			master->has_slaves = true;
		if (group && !plan_covers(p, group, i, false))
			need_anchor(p, group);
		if (master && !plan_covers(p, master, i, false))
			need_anchor(p, master);
	}
}

bool plan_covers(const struct planner *p, const struct plan_group *group, uint32_t mount,
		 bool is_anchor)
{
	struct plan_extent part = plan_extent(p, mount), widest = plan_extent(p, group->widest);
	struct plan_extent on_widest = plan_extent(p, group->on_widest);

	if (is_anchor && part.from != MOUNT_NONE)
		part.root = part.base;
	if (!group->needs_anchor)
		return (is_anchor && part.from == MOUNT_NONE) || shows(&widest, widest.root, &part);
	return on_widest.from == MOUNT_NONE ? part.space == widest.space
					    : shows(&on_widest, on_widest.base, &part);
}

void plan_anchor_sources(struct planner *p)
{
	for (uint32_t i = 0; i < p->n_groups; i++) {
		struct plan_group *group = &p->groups[i];
		uint32_t from = plan_extent(p, group->on_widest).from;

		if (!group->needs_anchor || from == MOUNT_NONE)
			continue;
		group->anchor = p->tree->n + p->plan->n_anchors++;
		plan_add(p, PLAN_ANCHOR_HOST, group->anchor, from);
	}
}

void plan_anchor_new(struct planner *p, uint32_t creator)
{
	for (uint32_t i = 0; p->any_from_new && i < p->n_groups; i++) {
		struct plan_group *group = &p->groups[i];

		if (!group->from_new || p->creator[group->widest] != creator)
			continue;
		group->anchor = p->tree->n + p->plan->n_anchors++;
		plan_add(p, PLAN_ANCHOR_NEW, group->anchor, creator);
	}
}

void plan_anchor(struct planner *p, struct plan_group *group)
{
	if (group->anchor != MOUNT_NONE)
		return;
	group->anchor = p->tree->n + p->plan->n_anchors++;
	plan_add(p, PLAN_ANCHOR, group->anchor, whole_of(p, &p->tree->mounts[group->widest]));
}
