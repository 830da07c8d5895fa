// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Propagation, by MOVE_MOUNT_SET_GROUP (5.15): a private mount joins the group, and gets the
 * master, of a giver that shows the same part of the filesystem or a larger one. A group starts
 * with one member that contains the others; where it has a master, that member first joins the
 * master's group and is made a slave of it. So masters come before slaves, and a member's master
 * comes with the group.
 *
 * Where no member contains the others, or a slave shows what none of them does, the group starts
 * with a seed: a clone of the mount that shows the whole filesystem, which is nowhere attached and
 * is gone when the builder ends. The members stay a group.
 */
#include <string.h>

#include "base/path.h"
#include "model/plan-internal.h"

static struct plan_group *group_of(const struct planner *p, uint32_t id)
{
	uint32_t index = id ? table_get(&p->group_of, id) : TABLE_NONE;

	return index == TABLE_NONE ? NULL : &p->groups[index];
}

static void add_member(struct planner *p, uint32_t mount)
{
	const struct mount *m = &p->tree->mounts[mount];
	struct plan_group *group = group_of(p, m->shared);

	if (!group) {
		p->err = table_put(&p->group_of, m->shared, p->n_groups, NULL);
		if (p->err)
			return;
		group = &p->groups[p->n_groups++];
		*group = (struct plan_group){ .id = m->shared,
					      .master = m->master,
					      .first = MOUNT_NONE };
		group->widest = mount;
	}
	p->next_member[mount] = group->first;
	group->first = mount;
	const char *rest = path_rest_below(p->tree->mounts[group->widest].root, m->root);

	if (rest && *rest)
		group->widest = mount;
	group->n_members++;
}

/* Does @whole show at least what @m shows? What the caller or a plugin makes can only be tried. */
static bool contains(const struct planner *p, uint32_t whole, const struct mount *m)
{
	const struct mount *from = &p->tree->mounts[whole];

	return m->owner != MOUNT_INTERNAL ||
	       (m->dev == from->dev && path_rest_below(m->root, from->root));
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

/* A seed shows the whole, so its masters must as well. */
static void need_seed(struct planner *p, struct plan_group *group)
{
	for (; group && !group->needs_seed; group = group_of(p, group->master)) {
		const struct mount *widest = &p->tree->mounts[group->widest];
		uint32_t whole = whole_of(p, widest);

		if (whole == MOUNT_NONE || widest->host_shared ||
		    strcmp(widest->root, p->tree->mounts[whole].root) == 0)
			return;
		group->needs_seed = p->seeds[whole] = true;
	}
}

static void find_seeds(struct planner *p)
{
	for (uint32_t i = 0; i < p->tree->n; i++) {
		const struct mount *m = &p->tree->mounts[i];
		struct plan_group *group = group_of(p, m->shared), *master = group_of(p, m->master);

		if (master)
			master->has_slaves = true;
		if (group && !contains(p, group->widest, m))
			need_seed(p, group);
		if (master && !contains(p, master->widest, m))
			need_seed(p, master);
	}
}

void plan_collect_groups(struct planner *p)
{
	uint32_t n = p->tree->n, shared = 0;

	for (uint32_t i = 0; i < n; i++)
		shared += p->tree->mounts[i].shared != 0;
	if (!shared)
		return;
	p->next_member = malloc(n * sizeof(*p->next_member));
	p->groups = malloc(shared * sizeof(*p->groups));
	p->seeds = calloc(n, sizeof(*p->seeds));
	if (!p->next_member || !p->groups || !p->seeds) {
		p->err = -ENOMEM;
		return;
	}
	for (uint32_t i = 0; i < n && !p->err; i++)
		if (p->tree->mounts[i].shared)
			add_member(p, i);
	if (!p->err)
		find_seeds(p);
}

/* Or a mount on it: pivot_root(2) leaves the old root on the topmost, and wants none shared. */
static bool is_at_root(const struct planner *p, const struct mount *m)
{
	return strcmp(m->mountpoint, p->tree->mounts[p->tree->root].mountpoint) == 0;
}

bool plan_is_alone(const struct planner *p, const struct mount *m)
{
	const struct plan_group *group = group_of(p, m->shared);

	if (!group || group->n_members != 1 || group->has_slaves || m->master || m->host_shared ||
	    is_at_root(p, m))
		return false;
	for (uint32_t c = m->first_child; c != MOUNT_NONE; c = p->tree->mounts[c].next)
		if (plan_is_late(&p->tree->mounts[c]))
			return false;
	return true;
}

bool plan_is_held(const struct planner *p, const struct mount *m)
{
	return m->parent == MOUNT_NONE || m->unbindable || plan_is_sealed(p, m) ||
	       (p->seeds && p->seeds[tree_index(p->tree, m)]) ||
	       ((m->shared || m->master) && !plan_is_alone(p, m));
}

static void refuse(struct planner *p, const struct mount *m, const char *why)
{
	p->err = findings_mount(p->findings, "sharing", m, NULL, "%s", why);
}

static void join(struct planner *p, uint32_t mount, const struct plan_group *group)
{
	const struct mount *m = &p->tree->mounts[mount];

	/* A seed shows all that there is of its filesystem. */
	if (mount < p->tree->n &&
	    !contains(p, group->giver < p->tree->n ? group->giver : group->widest, m) &&
	    !(group->needs_seed && m->dev == p->tree->mounts[group->widest].dev))
		refuse(p, m,
		       "no member of its peer group shows the part of the filesystem that it shows");
	else
		plan_add(p, PLAN_JOIN, mount, group->giver);
}

/* @mount: or a seed of the group whose master this is */
static void enslave(struct planner *p, uint32_t mount, uint32_t master_id)
{
	const struct plan_group *master = group_of(p, master_id);

	if (master)
		join(p, mount, master);
	else if (mount < p->tree->n && p->input->has_host_group(p->input->data, mount))
		plan_add(p, PLAN_JOIN_HOST, mount, MOUNT_NONE);
	else
		return;
	plan_add(p, PLAN_SLAVE, mount, MOUNT_NONE);
}

static void sow(struct planner *p, struct plan_group *group)
{
	group->giver = p->tree->n + p->plan->n_seeds++;
	plan_add(p, PLAN_SEED, group->giver, whole_of(p, &p->tree->mounts[group->widest]));
}

static void share_group(struct planner *p, struct plan_group *group)
{
	uint32_t first = group->widest;

	group->done = true;
	group->giver = first;
	if (plan_is_alone(p, &p->tree->mounts[first]))
		return;
	if (group->needs_seed)
		sow(p, group);
	/* The caller's group comes with its master; a new one needs that first. */
	if (p->tree->mounts[first].host_shared && p->input->has_host_group(p->input->data, first)) {
		plan_add(p, PLAN_JOIN_HOST, first, MOUNT_NONE);
	} else {
		if (group->master)
			enslave(p, group->giver, group->master);
		plan_add(p, PLAN_SHARE, group->giver, MOUNT_NONE);
	}
	for (uint32_t i = group->first; i != MOUNT_NONE; i = p->next_member[i])
		if (i != group->giver)
			join(p, i, group);
}

/* Up the chain of masters to the first that stands, then down again; no recursion. */
static void share_with_masters(struct planner *p, struct plan_group *group, uint32_t *chain)
{
	uint32_t n = 0;

	for (; group && !group->done; group = group_of(p, group->master)) {
		if (n == p->n_groups) {
			refuse(p, &p->tree->mounts[group->first],
			       "its peer group is its own master");
			return;
		}
		chain[n++] = (uint32_t)(group - p->groups);
	}
	while (n)
		share_group(p, &p->groups[chain[--n]]);
}

void plan_share(struct planner *p)
{
	cleanup_free uint32_t *chain = malloc((p->n_groups + 1) * sizeof(*chain));

	if (!chain) {
		p->err = -ENOMEM;
		return;
	}
	for (uint32_t i = 0; i < p->n_groups; i++)
		if (!p->groups[i].done)
			share_with_masters(p, &p->groups[i], chain);
	for (uint32_t i = 0; i < p->tree->n; i++)
		if (p->tree->mounts[i].master && !p->tree->mounts[i].shared)
			enslave(p, i, p->tree->mounts[i].master);
	for (uint32_t i = 0; i < p->tree->n; i++)
		if (p->tree->mounts[i].unbindable)
			plan_add(p, PLAN_UNBINDABLE, i, MOUNT_NONE);
}
