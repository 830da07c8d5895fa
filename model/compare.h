/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Are two namespaces equal: the table under EQUAL in rebind(1), as code. */
#ifndef REBIND_MODEL_COMPARE_H
#define REBIND_MODEL_COMPARE_H

#include "model/tree.h"

enum {
	COMPARE_SOURCES = 1, /* filesystem, options, root of mounts that are the caller's, too */
	COMPARE_CALLERS_OWNERS = 2, /* only the left tree knows the owners of its mounts */
};

/* One difference. Strings are malloc()ed and belong to the list. */
struct difference {
	size_t size; /* of this struct, for rebind.h */
	char *path;
	const char *field; /* constant text */
	char *left, *right;
};

struct differences {
	struct difference *list;
	size_t n;
	bool lost; /* memory ran out */
};

void differences_free(struct differences *differences);
#define cleanup_differences cleanup(differences_free)

void differences_add(struct differences *differences, const char *path, const char *field,
		     const char *left, const char *right);

/**
 * compare_trees - find every difference
 * @left, @right: linked; owners known for images, undecided for what was read from a kernel
 * @flags: bits of COMPARE_*
 *
 * Mounts correspond by their place: the same parent, the same path, the same height in a stack.
 * Device numbers, ids and group numbers are compared up to renaming: a left group must always meet
 * the same right group, and the other way round.
 *
 * If a tree does not know the owners of its mounts, a mount counts as internal if its superblock is
 * a filesystem that rebind creates and the tree shows all of it, or is a part of the root's.
 *
 * Return: 0, or -ENOMEM.
 */
int compare_trees(const struct mount_tree *left, const struct mount_tree *right, unsigned int flags,
		  struct differences *differences);

/**
 * compare_built - the same, of what was wanted and what was built
 * @attributes: by mount of @wanted: MOUNT_ATTR_* that it has to have; NULL: those of @wanted
 */
int compare_built(const struct mount_tree *wanted, const uint32_t *attributes,
		  const struct mount_tree *built, struct differences *differences);

/**
 * compare_is_internal - see compare_trees
 */
bool compare_is_internal(const struct mount_tree *tree, const struct mount *m);

#endif
