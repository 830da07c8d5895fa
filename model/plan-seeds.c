// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Seeds. A peer group has to start with something that shows what all its members and slaves show.
 * Where no member does, that is a clone of a mount that does: nowhere attached, and gone when the
 * builder ends. The members stay a group.
 *
 * Of a filesystem that we create it is a clone of the mount that shows all of it. Of sources it is
 * a clone of the mount on the caller's side that they lie on, made while that is still to be had:
 * before the pivot. What is asked is where the sources are, not where they were at the dump.
 */
#include <string.h>

#include "base/path.h"
#include "model/plan-internal.h"

struct plan_place plan_place(const struct planner *p, uint32_t mount)
{
	const struct mount *m = &p->tree->mounts[mount];
	bool of_root = m->dev == p->tree->mounts[p->tree->root].dev;
	struct plan_place place = { .root = m->root, .from = MOUNT_NONE };

	if (p->input->places && p->input->places[mount].root)
		return p->input->places[mount];
	/* What the caller or a plugin makes can only be tried. */
	place.unknown = m->owner == MOUNT_EXTERNAL || m->owner == MOUNT_PLUGIN;
	place.space = place.unknown ? PLAN_SPACE(PLAN_SPACE_MOUNT, mount)
		      : of_root	    ? PLAN_SPACE(PLAN_SPACE_ROOT, m->dev)
				    : PLAN_SPACE(PLAN_SPACE_CREATED, m->dev);
	return place;
}

static bool is_created(const struct plan_place *place)
{
	return place->space >> 32 == PLAN_SPACE_CREATED;
}

/* Does @dir, a path in the space of @whole, show at least what @part shows? */
static bool shows(const struct plan_place *whole, const char *dir, const struct plan_place *part)
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
	struct plan_place place = plan_place(p, mount), widest = plan_place(p, group->widest);
	struct plan_place holder = plan_place(p, group->holder);
	bool tell = place.space == widest.space;

	if (tell ? is_longer(widest.root, place.root)
		 : is_longer(p->tree->mounts[group->widest].root, p->tree->mounts[mount].root))
		group->widest = mount;
	if (place.from != MOUNT_NONE &&
	    (holder.from == MOUNT_NONE ||
	     (place.space == holder.space && is_longer(holder.base, place.base))))
		group->holder = mount;
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

/* Return: whether there is a seed for the group that shows more than its widest member. */
static bool find_seed(struct planner *p, const struct plan_group *group)
{
	const struct mount *widest = &p->tree->mounts[group->widest];
	struct plan_place holder = plan_place(p, group->holder);
	struct plan_place place = plan_place(p, group->widest);

	if (holder.from != MOUNT_NONE)
		return holder.space == place.space && strcmp(place.root, holder.base) != 0;
	uint32_t whole = whole_of(p, widest);

	if (whole == MOUNT_NONE || strcmp(widest->root, p->tree->mounts[whole].root) == 0)
		return false;
	p->seeds[whole] = true;
	return true;
}

/* A seed shows the whole, so its masters must as well. */
static void need_seed(struct planner *p, struct plan_group *group)
{
	for (; group && !group->needs_seed; group = plan_group_of(p, group->master)) {
		if (p->tree->mounts[group->widest].host_shared || !find_seed(p, group))
			return;
		group->needs_seed = true;
	}
}

void plan_find_seeds(struct planner *p)
{
	for (uint32_t i = 0; i < p->tree->n; i++) {
		const struct mount *m = &p->tree->mounts[i];
		struct plan_group *group = plan_group_of(p, m->shared);
		struct plan_group *master = plan_group_of(p, m->master);

		if (master)
			master->has_slaves = true;
		if (group && !plan_covers(p, group, i, false))
			need_seed(p, group);
		if (master && !plan_covers(p, master, i, false))
			need_seed(p, master);
	}
}

bool plan_covers(const struct planner *p, const struct plan_group *group, uint32_t mount,
		 bool is_seed)
{
	struct plan_place part = plan_place(p, mount), widest = plan_place(p, group->widest);
	struct plan_place holder = plan_place(p, group->holder);

	if (is_seed && part.from != MOUNT_NONE)
		part.root = part.base;
	if (!group->needs_seed)
		return (is_seed && part.from == MOUNT_NONE) || shows(&widest, widest.root, &part);
	return holder.from == MOUNT_NONE ? part.space == widest.space
					 : shows(&holder, holder.base, &part);
}

void plan_sow_sources(struct planner *p)
{
	for (uint32_t i = 0; i < p->n_groups; i++) {
		struct plan_group *group = &p->groups[i];
		uint32_t from = plan_place(p, group->holder).from;

		if (!group->needs_seed || from == MOUNT_NONE)
			continue;
		group->giver = p->tree->n + p->plan->n_seeds++;
		plan_add(p, PLAN_SEED_HOST, group->giver, from);
	}
}

void plan_sow(struct planner *p, struct plan_group *group)
{
	if (group->giver != MOUNT_NONE)
		return;
	group->giver = p->tree->n + p->plan->n_seeds++;
	plan_add(p, PLAN_SEED, group->giver, whole_of(p, &p->tree->mounts[group->widest]));
}
