/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mounts of one namespace as a tree; or those of several, a set: a tree for each, with one
 * array, one table of ids, one of superblocks. The roots of a set are chained by "next", so that
 * a walk passes through all of them.
 */
#ifndef REBIND_MODEL_TREE_H
#define REBIND_MODEL_TREE_H

#include "base/arena.h"
#include "model/mount.h"

struct mount_tree {
	struct mount *mounts; /* in the order of tree_add() */
	uint32_t n, room;
	uint32_t root; /* index of the root, of a set the first; MOUNT_NONE before tree_link() */
	struct arena strings;
	struct table by_id;  /* id -> index */
	struct table by_dev; /* superblock -> index of its first mount, chained by sb_next */
	struct table lost;   /* id of a parent -> id of a mount that no path leads to, not added */
};

void tree_free(struct mount_tree *tree);
#define cleanup_tree cleanup(tree_free)

/**
 * tree_add - append a mount, all zero but for its empty strings
 *
 * Return: the mount, valid until the next tree_add(), or NULL (no memory).
 */
struct mount *tree_add(struct mount_tree *tree);

/**
 * tree_reserve - have room for so many mounts: what grows step by step has room to spare
 *
 * Return: 0 or -ENOMEM.
 */
int tree_reserve(struct mount_tree *tree, uint32_t n);

/* Why tree_link() refused; @id is the mount at fault. */
struct tree_fault {
	uint32_t id;
	const char *reason; /* constant: "has the id of another mount", ...; or @text */
	uint32_t strange;   /* a mount that a text has more to tell of than is known here, or 0 */
	uint32_t line;	    /* of a text, or 0 */
	char text[96];	    /* a reason with a word of the table's in it */
};

/**
 * tree_link - find parents, children, superblocks; call it once all mounts are there
 * @fault: filled on -EBADMSG
 *
 * The records may stand in any order, in a set namespace by namespace. Refused: an id that two
 * mounts have, no root or two roots in one namespace, a mount that is its own ancestor, a mountpoint
 * that does not lie below its parent's, two children of one parent at one mountpoint.
 *
 * Children of a mount are chained by descending bytes of their mountpoints: "/a/b" stands before
 * "/a", so that whoever attaches them in this order never finds a place covered by a sibling.
 *
 * Return: 0, -EBADMSG or -ENOMEM.
 */
int tree_link(struct mount_tree *tree, struct tree_fault *fault);

/**
 * tree_leave_out - take mounts out of a linked tree, with all that is below them
 * @out: by index; those below are marked as well. None of them is the root.
 *
 * What the others keep for one of them, the contents of a superblock, goes to the next mount of
 * it. Indices change. Return: 0 or -ENOMEM.
 */
int tree_leave_out(struct mount_tree *tree, bool *out);

/**
 * tree_find - Return: the mount with this mountinfo id, or NULL.
 */
struct mount *tree_find(const struct mount_tree *tree, uint32_t id);

/**
 * tree_parent - Return: the mount's parent, or NULL for the root.
 */
static inline struct mount *tree_parent(const struct mount_tree *tree, const struct mount *m)
{
	return m->parent == MOUNT_NONE ? NULL : &tree->mounts[m->parent];
}

/**
 * tree_is_set - are these the mounts of several namespaces
 */
static inline bool tree_is_set(const struct mount_tree *tree)
{
	return tree->root != MOUNT_NONE && tree->mounts[tree->root].next != MOUNT_NONE;
}

/**
 * tree_root_of - Return: the index of the root of a namespace of a set, or MOUNT_NONE.
 */
uint32_t tree_root_of(const struct mount_tree *tree, uint32_t ns);

/**
 * tree_pair_roots - the roots that stand for the same namespace in two sets; of two trees the roots
 * @partner: by mount of @left: gets the index in @right of those that have one
 */
void tree_pair_roots(const struct mount_tree *left, const struct mount_tree *right,
		     uint32_t *partner);

/**
 * tree_index - Return: the mount's position in the array.
 */
static inline uint32_t tree_index(const struct mount_tree *tree, const struct mount *m)
{
	return (uint32_t)(m - tree->mounts);
}

/**
 * tree_next - walk the tree, parents before children, without recursion
 * @index: a mount; start with tree->root
 *
 * Return: the next mount's index in pre-order, or MOUNT_NONE.
 */
uint32_t tree_next(const struct mount_tree *tree, uint32_t index);

/**
 * tree_relative - a mountpoint as seen from the parent mount
 *
 * Return: a pointer into m->mountpoint that starts with '/', or "/" if the mount covers the whole
 * of its parent.
 */
const char *tree_relative(const struct mount_tree *tree, const struct mount *m);

/**
 * tree_first_of_superblock - where the chain of a superblock's mounts (sb_next) starts
 *
 * Mounts that show the whole filesystem stand before those that show a part of it.
 */
uint32_t tree_first_of_superblock(const struct mount_tree *tree, const struct mount *m);

/**
 * tree_is_all_deleted - was the root of every mount of a mount's superblock deleted
 *
 * What else is in it cannot be told then: nothing that a path leads to.
 */
bool tree_is_all_deleted(const struct mount_tree *tree, const struct mount *m);

/**
 * tree_covering - the mount that is stacked on a mount's root
 *
 * Return: its index, or MOUNT_NONE.
 */
uint32_t tree_covering(const struct mount_tree *tree, uint32_t index);

/**
 * tree_top - the visible mount among those stacked at one place
 *
 * Return: the index of the mount that covers @index at its own root, itself if none does.
 */
uint32_t tree_top(const struct mount_tree *tree, uint32_t index);

/* The roots: of a set several. */
#define tree_for_each_root(i, tree) \
	for (uint32_t i = (tree)->root; i != MOUNT_NONE; i = (tree)->mounts[i].next)

#define tree_for_each(i, tree) \
	for (uint32_t i = (tree)->root; i != MOUNT_NONE; i = tree_next((tree), i))

#endif
