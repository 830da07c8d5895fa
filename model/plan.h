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
	PLAN_PREMOUNT, /* a plugin makes its mount at /crt-premount.<id> */
	PLAN_CREATE,   /* a new superblock; its root is kept for its mounts */
	PLAN_YARD,     /* attach its root in the yard, where it can be cloned */
	PLAN_SOURCE,   /* the mount is a clone of the caller's source */
	PLAN_CLONE,    /* the mount is a clone of its superblock's root, or of a part of it */
	PLAN_TAKE,     /* the mount is that root itself, and the superblock's last */
	PLAN_LEND,     /* the mount is that root itself; once attached, others are cloned from it */
	PLAN_RESERVE,  /* hold the place: a sibling will cover it before the mount is there */
	PLAN_ATTACH,   /* put the mount into its place */
	PLAN_MOVE,     /* put a premount into its place, and remove its temporary mountpoint */
	PLAN_CLOSE,    /* its descriptor is needed no more */
	PLAN_DROP,     /* nor is its superblock's root */
	PLAN_DELETE,   /* delete the roots that were deleted: all mounts of them stand */
	PLAN_SEAL,     /* make its superblock read-only, now that it is filled */
	PLAN_READONLY, /* the mount becomes read-only, now that overlays lie on it */
	PLAN_PIVOT,    /* the new root becomes the root */
	PLAN_ANCHOR,   /* a clone of other that is nowhere attached, to start a peer group with */
	PLAN_ANCHOR_HOST, /* the same, of the mount that other's source lies on; before the pivot */
	PLAN_ANCHOR_NEW,  /* the same, of all of a superblock that we create; before PLAN_DROP */
	PLAN_SHARE,	  /* a new peer group */
	PLAN_JOIN,	  /* into the peer group (and below the master) of other */
	PLAN_JOIN_HOST,	  /* into the peer group of other's source, which is the caller's */
	PLAN_SLAVE,	  /* from a peer to a slave of the group */
	PLAN_UNBINDABLE,
};

struct plan_step {
	uint32_t op : 8;	/* enum plan_op */
	uint32_t and_close : 1; /* and let go of the descriptor */
	uint32_t mount;		/* index; from tree->n on the anchors */
	uint32_t other;		/* index: who gives the group, what an anchor is cloned from */
};

struct plan {
	struct plan_step *steps;
	uint32_t n, room;
	uint32_t n_anchors;
	bool has_upper; /* there is an overlay that writes somewhere */
};

void plan_free(struct plan *plan);
#define cleanup_plan cleanup(plan_free)

/* Paths of two spaces have nothing to do with each other. The rest of the number tells which one.
 */
enum {
	PLAN_SPACE_CREATED = 0, /* of a superblock that we create */
	PLAN_SPACE_ROOT,	/* of the new root's, of which nothing else is known */
	PLAN_SPACE_MOUNT,	/* of one mount's alone */
	PLAN_SPACE_CALLERS,	/* of a superblock of the caller's */
	PLAN_SPACE_SOURCE,	/* of a source that no path leads to */
};
#define PLAN_SPACE(what, number) ((uint64_t)(what) << 32 | (number))

/* What a mount will show, which for a source is not what the image says. */
struct plan_extent {
	uint64_t space;
	const char *root; /* the path that it shows; NULL: nothing is known but the image's */
	const char *base; /* and that of the mount that its source lies on */
	uint32_t from;	  /* the mount that has this source: itself or the root; MOUNT_NONE: none */
	bool unknown;	  /* other spaces may be the same filesystem */
};

/* What the plan has to know beyond the tree. */
struct plan_input {
	const struct mount_tree *tree;	   /* owners decided */
	const struct plan_extent *extents; /* by mount, of what is shared or a slave; or NULL */
	/*
	 * Return: the peer group of the caller's that this mount's source is in and can give it, or
	 * 0. Asked for mounts whose master is not in the tree, and for peers of the caller's.
	 */
	uint32_t (*host_group)(void *data, uint32_t mount);
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
 * plan_may_turn_readonly - is it our doing alone that a mount is read-only?
 *
 * The kernel makes no overlay whose upper layer is on a read-only mount, but one that is there
 * stays when the mount becomes read-only. So does what is built again: where that keeps a source
 * that must not be written as it is.
 */
bool plan_may_turn_readonly(const struct mount_tree *tree, const struct mount *m);

/**
 * plan_turns_readonly - is a mount made writable, and read-only later by PLAN_READONLY?
 */
bool plan_turns_readonly(const struct plan *plan, const struct mount_tree *tree,
			 const struct mount *m);

/**
 * plan_text - one step as a line for --dry-run
 * Return: a malloc()ed string, or NULL (no memory).
 */
char *plan_text(const struct mount_tree *tree, const struct plan_step *step);

#endif
