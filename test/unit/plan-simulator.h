/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Carries out a plan on paper. Each step must find what it uses: its descriptor open, its parent
 * standing, its place not covered, its group there. At the end everything stands, in the groups of
 * the tree.
 */
#ifndef REBIND_TEST_PLAN_SIMULATOR_H
#define REBIND_TEST_PLAN_SIMULATOR_H

#include "base/path.h"
#include "model/filesystem.h"
#include "model/plan.h"
#include "test/unit/help.h"

struct simulated {
	bool open, was_closed; /* its descriptor */
	bool giver, had_giver; /* of the superblock whose first mount it is */
	bool yard;	       /* that giver is attached in the yard */
	uint32_t lent;	       /* or is this mount, counted from 1 */
	bool place;	       /* held */
	bool attached, premounted, sealed, bound, shared_once;
	bool shows_whole;     /* of an anchor: all of that superblock */
	bool deleted;	      /* the roots in the superblock whose first mount it is */
	uint32_t cloned_from; /* of an anchor */
	uint32_t group,
		master; /* propagation so far, numbered by the simulator; hosts' have HOST */
};

#define HOST 0x80000000U

struct simulator {
	const struct mount_tree *tree;
	struct simulated *of;
	uint32_t open, most_open, groups;
	uint32_t *members; /* of each group made so far */
	bool pivoted;
	const struct plan_step *step;
	uint32_t number;
	char why[256]; /* the first thing that is wrong */
};

#define sim_check(s, condition, ...)                                                         \
	do {                                                                                 \
		if (!(condition) && !(s)->why[0]) {                                          \
			cleanup_free char *text_ = plan_text((s)->tree, (s)->step);          \
			int n_ = snprintf((s)->why, sizeof((s)->why),                        \
					  "step %u, %s: ", (s)->number, text_);              \
			snprintf((s)->why + n_, sizeof((s)->why) - (size_t)n_, __VA_ARGS__); \
		}                                                                            \
	} while (0)

static inline void sim_count(struct simulator *s, int change)
{
	s->open += (uint32_t)change;
	if (s->open > s->most_open)
		s->most_open = s->open;
}

static inline void sim_open(struct simulator *s, uint32_t i)
{
	sim_check(s, !s->of[i].open && !s->of[i].was_closed, "made twice");
	s->of[i].open = true;
	sim_count(s, 1);
}

static inline void sim_close(struct simulator *s, uint32_t i)
{
	sim_check(s, s->of[i].open, "closes what is not open");
	s->of[i].open = false;
	s->of[i].was_closed = true;
	sim_count(s, -1);
}

static inline bool sim_is_late(const struct mount *m)
{
	const struct filesystem *fs = filesystem_find(m->fstype);

	return m->owner == MOUNT_INTERNAL && fs && (fs->flags & FILESYSTEM_LAYERS);
}

static inline bool sim_waits(const struct mount_tree *tree, const struct mount *m)
{
	for (; m; m = tree_parent(tree, m))
		if (sim_is_late(m))
			return true;
	return false;
}

/* An overlay may be made of anything that stood before it. */
static inline void sim_check_layers(struct simulator *s, const struct mount *overlay)
{
	for (uint32_t i = 0; i < s->tree->n; i++) {
		const struct mount *m = &s->tree->mounts[i];

		if (!sim_waits(s->tree, m) || (sim_is_late(m) && m->id < overlay->id))
			sim_check(s, s->of[i].attached, "mount %u is not there yet", m->id);
	}
}

static inline void sim_create(struct simulator *s, uint32_t i, uint32_t first)
{
	const struct mount *m = &s->tree->mounts[i];

	sim_check(s, m->owner == MOUNT_INTERNAL, "not ours to create");
	sim_check(s, m->dev == s->tree->mounts[first].dev, "another superblock");
	sim_check(s,
		  first == tree_first_of_superblock(s->tree, m) ||
			  strcmp(m->source, s->tree->mounts[first].source) == 0,
		  "another name");
	sim_check(s, !s->of[first].had_giver, "the superblock is created twice");
	if (sim_is_late(m))
		sim_check_layers(s, m);
	s->of[first].giver = s->of[first].had_giver = true;
	sim_count(s, 1);
}

/* Is it attached, private, and childless, which is what makes a clone quick? */
static inline bool sim_is_lent(struct simulator *s, uint32_t giver)
{
	uint32_t lent = s->of[giver].lent;

	return lent && s->of[lent - 1].attached && !s->of[lent - 1].group &&
	       !s->of[lent - 1].bound && s->tree->mounts[lent - 1].first_child == MOUNT_NONE;
}

static inline void sim_clone(struct simulator *s, uint32_t i, uint32_t giver)
{
	const struct mount *m = &s->tree->mounts[i], *from = &s->tree->mounts[giver];

	if (giver == s->tree->root)
		sim_check(s, m->dev == from->dev && path_rest_below(m->root, from->root),
			  "no part of the root");
	else
		sim_check(s,
			  s->of[giver].giver && m->dev == from->dev &&
				  (s->of[giver].yard || sim_is_lent(s, giver)),
			  "its giver is not there, or detached, or not what it was");
	sim_open(s, i);
}

static inline void sim_lend(struct simulator *s, uint32_t i, uint32_t first)
{
	sim_check(s, s->of[first].giver && !s->of[first].yard, "its giver is not there");
	sim_check(s, mount_is_fsroot(&s->tree->mounts[i]), "it shows a part only");
	sim_check(s, !s->tree->mounts[i].idmap, "clones would be id-mapped");
	s->of[first].lent = i + 1;
	sim_open(s, i);
}

static inline void sim_yard(struct simulator *s, uint32_t first)
{
	sim_check(s, s->of[first].giver && !s->of[first].yard, "not there, or in the yard already");
	sim_check(s, !s->pivoted, "the yard is gone");
	s->of[first].yard = true;
}

static inline void sim_end_giver(struct simulator *s, uint32_t first)
{
	sim_check(s, s->of[first].giver, "the giver is not there");
	s->of[first].giver = false;
	sim_count(s, -1);
}

/* Is the place of @i in its parent still to be seen? */
static inline void sim_find_place(struct simulator *s, uint32_t i)
{
	const struct mount *m = &s->tree->mounts[i];
	const struct mount *parent = tree_parent(s->tree, m);

	sim_check(s, s->of[m->parent].attached, "its parent does not stand");
	sim_check(s, s->of[m->parent].open, "its parent's descriptor is closed");
	for (uint32_t c = parent->first_child; c != MOUNT_NONE; c = s->tree->mounts[c].next)
		if (c != i && s->of[c].attached)
			sim_check(s, !path_rest_below(m->mountpoint, s->tree->mounts[c].mountpoint),
				  "mount %u covers its place", s->tree->mounts[c].id);
}

static inline void sim_attach(struct simulator *s, uint32_t i)
{
	const struct mount *m = &s->tree->mounts[i];
	struct simulated *sim = &s->of[i];

	sim_check(s, sim->open, "its descriptor is not open");
	sim_check(s, !sim->attached, "attached twice");
	sim_check(s, !s->pivoted, "after the pivot");
	if (sim->place) {
		sim->place = false;
		sim_count(s, -1);
	} else if (m->parent != MOUNT_NONE) {
		sim_find_place(s, i);
	}
	if (m->parent != MOUNT_NONE) {
		sim_check(s, !s->of[m->parent].group, "its parent is shared already");
		sim_check(s,
			  !s->of[tree_first_of_superblock(s->tree, tree_parent(s->tree, m))].sealed,
			  "its parent is sealed already");
	}
	sim->attached = true;
}

static inline void sim_place(struct simulator *s, uint32_t i)
{
	sim_check(s, !s->of[i].place && !s->of[i].attached, "held twice");
	sim_find_place(s, i);
	s->of[i].place = true;
	sim_count(s, 1);
}

static inline void sim_into(struct simulator *s, uint32_t i, uint32_t group, uint32_t master)
{
	struct simulated *sim = &s->of[i];

	sim_check(s, sim->open, "its descriptor is closed");
	sim_check(s, !sim->group && (!sim->master || master == sim->master), "it is not private");
	sim_check(s, !sim->bound, "it is unbindable already");
	sim->group = group;
	sim->master = master;
	if (!(group & HOST))
		s->members[group]++;
}

static inline void sim_share(struct simulator *s, uint32_t i)
{
	if (i < s->tree->n && s->tree->mounts[i].parent == MOUNT_NONE)
		sim_check(s, s->pivoted, "a shared root cannot be pivoted to");
	sim_check(s, !s->of[i].shared_once, "shared twice");
	s->of[i].shared_once = true;
	sim_into(s, i, ++s->groups, s->of[i].master);
}

/* What a mount or an anchor shows; an anchor shows what it was cloned from. */
static inline const struct mount *sim_shown(struct simulator *s, uint32_t i)
{
	return &s->tree->mounts[i < s->tree->n ? i : s->of[i].cloned_from];
}

static inline void sim_seed(struct simulator *s, uint32_t i, uint32_t other)
{
	sim_check(s, i >= s->tree->n, "a anchor is no mount of the tree");
	sim_check(s, s->pivoted && s->of[other].open && !s->of[other].bound, "it cannot be cloned");
	s->of[i].cloned_from = other;
	sim_open(s, i);
}

static inline void sim_join(struct simulator *s, uint32_t i, uint32_t other)
{
	const struct mount *giver = sim_shown(s, other), *taker = sim_shown(s, i);

	if (taker->owner == MOUNT_INTERNAL)
		sim_check(s,
			  giver->dev == taker->dev &&
				  path_rest_below(taker->root,
						  s->of[other].shows_whole ? "/" : giver->root),
			  "its giver does not show what it shows");
	sim_check(s, s->of[other].open, "its giver's descriptor is closed");
	sim_check(s, s->of[other].group, "its giver is in no group");
	sim_check(s, !s->of[i].master, "it has a master already");
	sim_into(s, i, s->of[other].group, s->of[other].master);
}

static inline void sim_slave(struct simulator *s, uint32_t i)
{
	struct simulated *sim = &s->of[i];

	sim_check(s, sim->open && sim->group, "not in a group, or closed");
	sim_check(s, (sim->group & HOST) || s->members[sim->group] > 1,
		  "the only member of a group becomes private");
	if (!(sim->group & HOST))
		s->members[sim->group]--;
	sim->master = sim->group;
	sim->group = 0;
}

static inline void sim_seal(struct simulator *s, uint32_t i)
{
	sim_check(s, s->of[i].open, "its descriptor is closed");
	sim_check(s, !s->of[i].sealed, "sealed twice");
	s->of[i].sealed = true;
}

static inline void sim_delete(struct simulator *s, uint32_t first)
{
	sim_check(s, first == s->tree->root || s->of[first].giver, "its giver is gone");
	sim_check(s, !s->of[first].sealed, "its superblock is read-only");
	sim_check(s, !s->of[first].deleted, "twice");
	s->of[first].deleted = true;
	for (uint32_t i = tree_first_of_superblock(s->tree, &s->tree->mounts[first]);
	     i != MOUNT_NONE; i = s->tree->mounts[i].sb_next)
		sim_check(s, s->of[i].attached || !s->tree->mounts[i].deleted,
			  "mount %u does not stand", s->tree->mounts[i].id);
}

static inline void sim_pivot(struct simulator *s)
{
	sim_check(s, s->of[s->tree->root].open, "the root's descriptor is closed");
	sim_check(s, !s->pivoted, "twice");
	s->pivoted = true;
}

static inline void sim_step(struct simulator *s, const struct plan_step *step)
{
	uint32_t i = step->mount;

	switch ((enum plan_op)step->op) {
	case PLAN_PREMOUNT:
		sim_check(s, s->number == 0 || step[-1].op == PLAN_PREMOUNT,
			  "premounts come first");
		s->of[i].premounted = true;
		return sim_open(s, i);
	case PLAN_CREATE:
		return sim_create(s, i, step->other);
	case PLAN_YARD:
		return sim_yard(s, i);
	case PLAN_SOURCE:
		return sim_open(s, i);
	case PLAN_CLONE:
		return sim_clone(s, i, step->other);
	case PLAN_TAKE:
		sim_check(s, mount_is_fsroot(&s->tree->mounts[i]), "it shows a part only");
		sim_check(s, !s->of[step->other].yard || !s->tree->mounts[i].idmap,
			  "an attached mount cannot be id-mapped");
		sim_end_giver(s, step->other);
		return sim_open(s, i);
	case PLAN_LEND:
		return sim_lend(s, i, step->other);
	case PLAN_RESERVE:
		return sim_place(s, i);
	case PLAN_MOVE:
		sim_check(s, s->of[i].premounted, "nothing was premounted");
		return sim_attach(s, i);
	case PLAN_ATTACH:
		return sim_attach(s, i);
	case PLAN_CLOSE:
		return sim_close(s, i);
	case PLAN_DROP:
		return sim_end_giver(s, i);
	case PLAN_DELETE:
		return sim_delete(s, i);
	case PLAN_SEAL:
		return sim_seal(s, i);
	case PLAN_READONLY:
		sim_check(s, s->of[i].open, "closed");
		return;
	case PLAN_PIVOT:
		return sim_pivot(s);
	case PLAN_ANCHOR:
		return sim_seed(s, i, step->other);
	case PLAN_ANCHOR_HOST:
		sim_check(s, !s->pivoted && i >= s->tree->n, "too late, or no anchor");
		s->of[i].cloned_from = step->other;
		return sim_open(s, i);
	case PLAN_ANCHOR_NEW:
		sim_check(s, !s->pivoted && s->of[step->other].giver, "its giver is not there");
		s->of[i].cloned_from = step->other;
		s->of[i].shows_whole = true;
		return sim_open(s, i);
	case PLAN_SHARE:
		return sim_share(s, i);
	case PLAN_JOIN:
		return sim_join(s, i, step->other);
	case PLAN_JOIN_HOST:
		return sim_into(s, i, HOST | 1, 0);
	case PLAN_SLAVE:
		return sim_slave(s, i);
	case PLAN_UNBINDABLE:
		sim_check(s, s->of[i].open && !s->of[i].group, "closed, or shared");
		s->of[i].bound = true;
		return;
	}
}

/* ---- at the end ---- */

static inline void sim_check_end(struct simulator *s)
{
	for (uint32_t i = 0; i < s->tree->n; i++) {
		const struct mount *m = &s->tree->mounts[i];

		sim_check(s, s->of[i].attached, "at the end mount %u does not stand", m->id);
		sim_check(s, !s->of[i].giver && !s->of[i].place,
			  "mount %u: a descriptor was forgotten", m->id);
		sim_check(s,
			  !m->deleted || m->owner != MOUNT_INTERNAL ||
				  s->of[tree_first_of_superblock(s->tree, m)].deleted ||
				  (m->dev == s->tree->mounts[s->tree->root].dev &&
				   s->of[s->tree->root].deleted),
			  "mount %u: its root is there", m->id);
		sim_check(s, s->of[i].bound == m->unbindable, "mount %u: unbindable", m->id);
		sim_check(s, !s->of[i].group == !m->shared, "mount %u: shared or not", m->id);
	}
	sim_check(s, s->pivoted, "never pivoted");
}

/* Groups are those of the tree up to renaming; masters outside of it are the host's. */
static inline void sim_check_groups(struct simulator *s)
{
	cleanup_table struct table made = { 0 }, back = { 0 };

	for (uint32_t i = 0; i < s->tree->n; i++) {
		uint32_t wanted = s->tree->mounts[i].shared, old;

		if (!wanted)
			continue;
		table_put(&made, wanted, s->of[i].group, &old);
		sim_check(s, old == TABLE_NONE || old == s->of[i].group, "group %u is two groups",
			  wanted);
		table_put(&back, s->of[i].group, wanted, &old);
		sim_check(s, old == TABLE_NONE || old == wanted, "groups %u and %u are one", wanted,
			  old);
	}
	for (uint32_t i = 0; i < s->tree->n; i++) {
		const struct mount *m = &s->tree->mounts[i];
		uint32_t master = table_get(&made, m->master);

		if (!m->master)
			sim_check(s, !s->of[i].master, "mount %u has a master", m->id);
		else if (master != TABLE_NONE)
			sim_check(s, s->of[i].master == master, "mount %u has another master",
				  m->id);
		else
			sim_check(s, !s->of[i].master || (s->of[i].master & HOST),
				  "mount %u: whose slave?", m->id);
	}
}

/**
 * sim_run - Return: NULL, or what is wrong with the plan (valid until the next call)
 */
static inline const char *sim_run(const struct mount_tree *tree, const struct plan *plan,
				  uint32_t *ret_most_open)
{
	static struct simulator s;

	s = (struct simulator){ .tree = tree };
	s.of = calloc(tree->n + plan->n_anchors, sizeof(*s.of));
	s.members = calloc(tree->n + plan->n_anchors + 2, sizeof(*s.members));
	for (s.number = 0; s.number < plan->n && !s.why[0]; s.number++) {
		s.step = &plan->steps[s.number];
		sim_step(&s, s.step);
		if (s.step->and_close)
			sim_close(&s, s.step->mount);
	}
	if (!s.why[0])
		sim_check_end(&s);
	if (!s.why[0])
		sim_check_groups(&s);
	free(s.of);
	free(s.members);
	if (ret_most_open)
		*ret_most_open = s.most_open;
	return s.why[0] ? s.why : NULL;
}

/* ---- plans of tables ---- */

/* Without data: every source can give one, the same. */
static inline uint32_t sim_all_host_groups(void *data, uint32_t mount)
{
	return !data;
}

static inline int sim_plan(const struct mount_tree *tree, struct plan *plan,
			   struct findings *findings)
{
	struct plan_input input = { .tree = tree, .host_group = sim_all_host_groups };

	*plan = (struct plan){ 0 };
	return plan_build(&input, plan, findings);
}

/* The plan of a tree, which must be good. */
static inline uint32_t sim_good_plan(const struct mount_tree *tree, struct plan *plan)
{
	cleanup_findings struct findings findings = { 0 };
	uint32_t most = 0;

	assert_ok(sim_plan(tree, plan, &findings));
	const char *why = sim_run(tree, plan, &most);

	if (why)
		fail_msg("%s", why);
	return most;
}

/* Where a step stands, or UINT32_MAX. */
static inline uint32_t sim_where(const struct mount_tree *tree, const struct plan *plan,
				 enum plan_op op, uint32_t id)
{
	for (uint32_t k = 0; k < plan->n; k++)
		if (plan->steps[k].op == op && tree->mounts[plan->steps[k].mount].id == id)
			return k;
	return UINT32_MAX;
}

static inline uint32_t sim_how_many(const struct plan *plan, enum plan_op op)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < plan->n; k++)
		n += plan->steps[k].op == op;
	return n;
}

#endif
