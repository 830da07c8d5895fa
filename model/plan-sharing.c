// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Propagation, by MOVE_MOUNT_SET_GROUP (5.15): a private mount joins the group, and gets the
 * master, of an anchor that shows the same part of the filesystem or a larger one. A group starts
 * with one member that contains the others; where it has a master, that member first joins the
 * master's group and is made a slave of it. So masters come before slaves, and a member's master
 * comes with the group.
 *
 * Where no member contains the others, or a slave shows what none of them does, the group starts
 * with an anchor: plan-anchors.c. Members of a group of the caller's each join that of their own
 * source.
 */
#include <string.h>

#include "model/plan-internal.h"

struct plan_group *plan_group_of(const struct planner *p, uint32_t id)
{
	uint32_t index = id ? table_get(&p->group_of, id) : TABLE_NONE;

	return index == TABLE_NONE ? NULL : &p->groups[index];
}

static void add_member(struct planner *p, uint32_t mount)
{
	const struct mount *m = &p->tree->mounts[mount];
	struct plan_group *group = plan_group_of(p, m->shared);

	if (!group) {
		p->err = table_put(&p->group_of, m->shared, p->n_groups, NULL);
		if (p->err)
			return;
		group = &p->groups[p->n_groups++];
		*group = (struct plan_group){ .id = m->shared,
					      .master = m->master,
					      .first = MOUNT_NONE,
					      .widest = mount,
					      .on_widest = mount,
					      .anchor = MOUNT_NONE };
	}
	p->next_member[mount] = group->first;
	group->first = mount;
	plan_compare_member(p, group, mount);
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
	p->anchors = calloc(n, sizeof(*p->anchors));
	if (!p->next_member || !p->groups || !p->anchors) {
		p->err = -ENOMEM;
		return;
	}
	for (uint32_t i = 0; i < n && !p->err; i++)
		if (p->tree->mounts[i].shared)
			add_member(p, i);
	if (!p->err)
		plan_find_anchors(p);
}

/* Or a mount on it: pivot_root(2) leaves the old root on the topmost, and wants none shared. */
static bool is_at_root(const struct mount *m)
{
	return strcmp(mount_path(m), "/") == 0;
}

bool plan_is_alone(const struct planner *p, const struct mount *m)
{
	const struct plan_group *group = plan_group_of(p, m->shared);

	if (!group || group->n_members != 1 || group->has_slaves || m->master || m->host_shared ||
	    is_at_root(m))
		return false;
	for (uint32_t c = m->first_child; c != MOUNT_NONE; c = p->tree->mounts[c].next)
		if (plan_is_late(&p->tree->mounts[c]))
			return false;
	return true;
}

bool plan_is_held(const struct planner *p, const struct mount *m)
{
	return m->parent == MOUNT_NONE || m->unbindable || plan_is_sealed(p, m) ||
	       plan_turns_readonly(p->plan, p->tree, m) ||
	       (p->anchors && p->anchors[tree_index(p->tree, m)]) ||
	       ((m->shared || m->master) && !plan_is_alone(p, m));
}

static void plan_sharing_refuse(struct planner *p, const struct mount *m, const char *why)
{
	p->err = findings_mount(p->findings, FINDING_SHARING, m, NULL, "%s", why);
}

static void refuse_join(struct planner *p, uint32_t mount, const struct plan_group *group)
{
	const struct mount *m = &p->tree->mounts[mount], *other = &p->tree->mounts[group->widest];
	struct plan_extent part = plan_extent(p, mount), whole = plan_extent(p, group->widest);

	if (part.from == MOUNT_NONE || whole.from == MOUNT_NONE)
		plan_sharing_refuse(
			p, m,
			"no member of its peer group shows the part of the filesystem that it shows");
	else
		p->err = findings_mount(
			p->findings, FINDING_SHARING, m, "give them sources on one mount",
			"as a peer or slave of mount %u '%s' it must show a part of the same filesystem, "
			"but %s",
			other->id, other->mountpoint,
			part.space != whole.space
				? "their sources lie in different ones"
				: "no mount that the sources of that peer group lie on has both");
}

/* The caller's group that its source can give it: there is an anchor for what was in one. */
static uint32_t host_group(const struct planner *p, uint32_t mount)
{
	const struct mount *m = &p->tree->mounts[mount];

	return m->host_shared || m->master ? p->input->host_group(p->input->data, mount) : 0;
}

/* @mount: or an anchor of the group that member @of is in */
static void plan_sharing_join(struct planner *p, uint32_t mount, uint32_t of,
			      const struct plan_group *group)
{
	if (group->host_group && host_group(p, of) == group->host_group)
		plan_add(p, PLAN_JOIN_HOST, mount, of);
	else if (plan_covers(p, group, of, mount >= p->tree->n))
		plan_add(p, PLAN_JOIN, mount, group->anchor);
	else
		refuse_join(p, of, group);
}

/* @mount, @of: as for plan_sharing_join(); the master may be the caller's */
static void enslave(struct planner *p, uint32_t mount, uint32_t of, uint32_t master_id)
{
	const struct plan_group *master = plan_group_of(p, master_id);

	if (master)
		plan_sharing_join(p, mount, of, master);
	else if (host_group(p, of))
		plan_add(p, PLAN_JOIN_HOST, mount, of);
	else
		return;
	plan_add(p, PLAN_SLAVE, mount, MOUNT_NONE);
}

/* The caller's group comes with its master; a new one needs that first. */
static void start_group(struct planner *p, struct plan_group *group)
{
	uint32_t first = group->widest;

	if (p->tree->mounts[first].host_shared)
		group->host_group = host_group(p, first);
	if (group->needs_anchor)
		plan_anchor(p, group);
	else
		group->anchor = first;
	if (group->host_group) {
		plan_add(p, PLAN_JOIN_HOST, first, first);
		return;
	}
	if (group->master)
		enslave(p, group->anchor, group->anchor == first ? first : group->on_widest,
			group->master);
	plan_add(p, PLAN_SHARE, group->anchor, MOUNT_NONE);
}

static void share_group(struct planner *p, struct plan_group *group)
{
	group->done = true;
	if (plan_is_alone(p, &p->tree->mounts[group->widest]))
		return;
	start_group(p, group);
	for (uint32_t i = group->first; i != MOUNT_NONE; i = p->next_member[i])
		if (i != group->anchor)
			plan_sharing_join(p, i, i, group);
}

/* Up the chain of masters to the first that stands, then down again; no recursion. */
static void share_with_masters(struct planner *p, struct plan_group *group, uint32_t *chain)
{
	uint32_t n = 0;

	for (; group && !group->done; group = plan_group_of(p, group->master)) {
		if (n == p->n_groups) {
			plan_sharing_refuse(p, &p->tree->mounts[group->first],
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
			enslave(p, i, i, p->tree->mounts[i].master);
	for (uint32_t i = 0; i < p->tree->n; i++)
		if (p->tree->mounts[i].unbindable)
			plan_add(p, PLAN_UNBINDABLE, i, MOUNT_NONE);
}
