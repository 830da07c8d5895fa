/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What plan.c and plan-sharing.c share. */
#ifndef REBIND_MODEL_PLAN_INTERNAL_H
#define REBIND_MODEL_PLAN_INTERNAL_H

#include "model/plan.h"

/* A peer group of the tree. */
struct plan_group {
	uint32_t id, master;
	uint32_t first;	    /* chain of members: planner.next_member */
	uint32_t widest;    /* the member that shows most of the filesystem */
	uint32_t on_widest; /* the one whose source lies on the mount that shows most of it */
	uint32_t anchor; /* who the others join: the widest, or the anchor; MOUNT_NONE at first */
	uint32_t n_members;
	uint32_t host_group; /* it is this one of the caller's */
	bool has_slaves, needs_anchor, done;
	bool from_new; /* its anchor is of a superblock that we create, and no mount shows whole */
};

struct planner {
	const struct plan_input *input;
	const struct mount_tree *tree;
	struct plan *plan;
	struct findings *findings;
	struct table group_of; /* peer group id -> index of groups */
	struct plan_group *groups;
	uint32_t n_groups;
	uint32_t *next_member; /* by mount; NULL when nothing is shared */
	bool *anchors;	       /* by mount: an anchor will be cloned from it; NULL likewise */
	bool any_from_new;     /* of the groups */
	uint32_t *creator;     /* by mount: the one by which its superblock is created */
	uint32_t *uses;	       /* by creator: mounts still to be made of it */
	bool *created;	       /* by creator */
	bool *unlinked;	       /* by creator: some of its mounts have a root that was deleted */
	bool *yard;	       /* by creator: it is in the yard */
	bool *lent;	       /* by creator: it is a mount already, and lent to the others */
	uint32_t *late;	       /* mounts that are made when all others stand */
	uint32_t n_late;
	int err;
};

void plan_add(struct planner *p, enum plan_op op, uint32_t mount, uint32_t other);

/* Return: the group of this number, or NULL: it is not in the tree. */
struct plan_group *plan_group_of(const struct planner *p, uint32_t id);

/* What a mount will show. */
struct plan_extent plan_extent(const struct planner *p, uint32_t mount);

/* A member has come to the group: is it the widest, or on what shows most? */
void plan_compare_member(const struct planner *p, struct plan_group *group, uint32_t mount);

/* Which groups need an anchor? */
void plan_find_anchors(struct planner *p);

/* Does a group's anchor show what a mount, or an anchor that is cloned for its group, shows? */
bool plan_covers(const struct planner *p, const struct plan_group *group, uint32_t mount,
		 bool is_anchor);

/* Clone the anchors that come from sources: these are gone with the pivot. */
void plan_anchor_sources(struct planner *p);

/* Clone the anchors that come from a superblock's root, which is dropped next. */
void plan_anchor_new(struct planner *p, uint32_t creator);

/* Clone the anchor of a group that needs one and has none. */
void plan_anchor(struct planner *p, struct plan_group *group);

/* Find the peer groups of the tree. */
void plan_collect_groups(struct planner *p);

/* Is it made when all others stand: an overlay, of directories of the tree? */
bool plan_is_late(const struct mount *m);

/* Is it the first mount of a superblock that becomes read-only at the end? */
bool plan_is_sealed(const struct planner *p, const struct mount *m);

/* May the mount be shared as soon as its children stand: is it alone in its group? */
bool plan_is_alone(const struct planner *p, const struct mount *m);

/* Is the descriptor needed when the tree stands? */
bool plan_is_held(const struct planner *p, const struct mount *m);

/* Every peer group and slave that plan_is_alone() does not cover, masters first; unbindable last.
 */
void plan_share(struct planner *p);

#endif
