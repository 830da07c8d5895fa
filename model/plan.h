/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plan: the ordered list of steps that builds a namespace. It is made before anything is done
 * and is the one place where order is decided.
 */
#ifndef REBIND_MODEL_PLAN_H
#define REBIND_MODEL_PLAN_H

#include "model/findings.h"
#include "model/tree.h"

enum plan_op {
	PLAN_PREMOUNT,	/* a plugin makes its mount at /crt-premount.<id> */
	PLAN_CREATE,	/* a new superblock; its root is kept as the giver of its mounts */
	PLAN_SOURCE,	/* the mount is a clone of the caller's source */
	PLAN_CLONE,	/* the mount is a clone of its superblock's giver, or of a part of it */
	PLAN_TAKE,	/* the mount is the giver itself: nobody needs it afterwards */
	PLAN_PLACE,	/* hold the place: a sibling will cover it before the mount is there */
	PLAN_ATTACH,	/* put the mount into its place */
	PLAN_MOVE,	/* put a premount into its place, and remove its temporary mountpoint */
	PLAN_CLOSE,	/* its descriptor is needed no more */
	PLAN_DROP,	/* nor is the giver of its superblock */
	PLAN_DELETE,	/* delete the roots that were deleted: all mounts of them stand */
	PLAN_SEAL,	/* make its superblock read-only, now that it is filled */
	PLAN_PIVOT,	/* the new root becomes the root */
	PLAN_SEED,	/* a clone of other that is nowhere attached, to start a peer group with */
	PLAN_SHARE,	/* a new peer group */
	PLAN_JOIN,	/* into the peer group (and below the master) of other */
	PLAN_JOIN_HOST, /* into the peer group of its source, which is the caller's */
	PLAN_SLAVE,	/* from a peer to a slave of the group */
	PLAN_UNBINDABLE,
};

struct plan_step {
	uint32_t op : 8;	/* enum plan_op */
	uint32_t and_close : 1; /* and let go of the descriptor */
	uint32_t mount;		/* index; from tree->n on the seeds */
	uint32_t other;		/* index: PLAN_JOIN's giver, what PLAN_SEED clones */
};

struct plan {
	struct plan_step *steps;
	uint32_t n, room;
	uint32_t n_seeds;
};

void plan_free(struct plan *plan);
#define cleanup_plan cleanup(plan_free)

/* What the plan has to know beyond the tree. */
struct plan_input {
	const struct mount_tree *tree; /* owners decided */
	/*
	 * Return: can this mount's source give it a master (a peer group of the caller's)? Asked
	 * for mounts whose master is not in the tree.
	 */
	bool (*has_host_group)(void *data, uint32_t mount);
	void *data;
};

/**
 * plan_build - decide what is done in which order
 * @findings: peer groups that cannot be built are added
 *
 * Return: 0, -EINVAL with findings, or -ENOMEM.
 */
int plan_build(const struct plan_input *input, struct plan *plan, struct findings *findings);

/**
 * plan_text - one step as a line for --dry-run
 * Return: a malloc()ed string, or NULL (no memory).
 */
char *plan_text(const struct mount_tree *tree, const struct plan_step *step);

#endif
