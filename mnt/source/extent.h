/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The extents of mounts, for the plan: which of two sources contains the other one. */
#ifndef REBIND_MNT_SOURCE_EXTENT_H
#define REBIND_MNT_SOURCE_EXTENT_H

#include "mnt/source/source.h"
#include "model/plan.h"

/**
 * source_find_extents - where the sources of mounts that are shared, or slaves, lie
 * @sources: keeps the strings
 * @ret: malloc()ed, one for each mount of the tree; those of other mounts stay empty
 *
 * Return: 0 or -ENOMEM.
 */
int source_find_extents(const struct mount_tree *tree, struct sources *sources,
			struct plan_extent **ret);

#endif
