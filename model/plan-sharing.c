// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Propagation, by MOVE_MOUNT_SET_GROUP (5.15): a private mount joins the group, and gets the master, of a
 * giver that shows the same part of the filesystem or a larger one. A group starts with one member that
 * contains the others; where it has a master, that member first joins the master's group and is made a
 * slave of it. So masters come before slaves, and a member's master comes with the group.
 */
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
		*group = (struct plan_group){ .id = m->shared, .master = m->master, .first = MOUNT_NONE };
		group->widest = mount;
	}
	p->next_member[mount] = group->first;
	group->first = mount;
	const char *rest = path_rest_below(p->tree->mounts[group->widest].root, m->root);

	if (rest && *rest)
		group->widest = mount;
	group->n_members++;
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
	if (!p->next_member || !p->groups) {
		p->err = -ENOMEM;
		return;
	}
	for (uint32_t i = 0; i < n && !p->err; i++)
		if (p->tree->mounts[i].shared)
			add_member(p, i);
	for (uint32_t i = 0; i < n; i++) {
		struct plan_group *master = group_of(p, p->tree->mounts[i].master);

		if (master)
			master->has_slaves = true;
	}
}

bool plan_is_alone(const struct planner *p, const struct mount *m)
{
	const struct plan_group *group = group_of(p, m->shared);

	if (!group || group->n_members != 1 || group->has_slaves || m->master || m->host_shared ||
	    m->parent == MOUNT_NONE)
		return false;
	for (uint32_t c = m->first_child; c != MOUNT_NONE; c = p->tree->mounts[c].next)
		if (plan_is_late(&p->tree->mounts[c]))
			return false;
	return true;
}

bool plan_is_held(const struct planner *p, const struct mount *m)
{
	return m->parent == MOUNT_NONE || m->unbindable || plan_is_sealed(p, m) ||
	       ((m->shared || m->master) && !plan_is_alone(p, m));
}

static void refuse(struct planner *p, const struct mount *m, const char *why)
{
	p->err = findings_mount(p->findings, "sharing", m, NULL, "%s", why);
}

static void join(struct planner *p, uint32_t mount, uint32_t giver)
{
	const struct mount *m = &p->tree->mounts[mount], *from = &p->tree->mounts[giver];

	if (m->owner == MOUNT_INTERNAL && (m->dev != from->dev || !path_rest_below(m->root, from->root)))
		refuse(p, m,
		       "no member of its peer group shows the part of the filesystem that it shows");
	else
		plan_add(p, PLAN_JOIN, mount, giver);
}

static void enslave(struct planner *p, uint32_t mount)
{
	const struct mount *m = &p->tree->mounts[mount];
	const struct plan_group *master = group_of(p, m->master);

	if (master)
		join(p, mount, master->widest);
	else if (p->input->has_host_group(p->input->data, mount))
		plan_add(p, PLAN_JOIN_HOST, mount, MOUNT_NONE);
	else
		return;
	plan_add(p, PLAN_SLAVE, mount, MOUNT_NONE);
}

static void share_group(struct planner *p, struct plan_group *group)
{
	uint32_t first = group->widest;

	group->done = true;
	if (plan_is_alone(p, &p->tree->mounts[first]))
		return;
	/* The caller's group comes with its master; a new one needs that first. */
	if (p->tree->mounts[first].host_shared && p->input->has_host_group(p->input->data, first)) {
		plan_add(p, PLAN_JOIN_HOST, first, MOUNT_NONE);
	} else {
		if (group->master)
			enslave(p, first);
		plan_add(p, PLAN_SHARE, first, MOUNT_NONE);
	}
	for (uint32_t i = group->first; i != MOUNT_NONE; i = p->next_member[i])
		if (i != first)
			join(p, i, first);
}

/* Up the chain of masters to the first that stands, then down again; no recursion. */
static void share_with_masters(struct planner *p, struct plan_group *group, uint32_t *chain)
{
	uint32_t n = 0;

	for (; group && !group->done; group = group_of(p, group->master)) {
		if (n == p->n_groups) {
			refuse(p, &p->tree->mounts[group->first], "its peer group is its own master");
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
			enslave(p, i);
	for (uint32_t i = 0; i < p->tree->n; i++)
		if (p->tree->mounts[i].unbindable)
			plan_add(p, PLAN_UNBINDABLE, i, MOUNT_NONE);
}
