// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * There is one sysfs for each network namespace, one mqueue for each ipc namespace, one binfmt_misc
 * for each user namespace. Of two that a mount namespace shows, one is of a namespace that its
 * processes are not in: the host's, below the root of a container. A restore has one namespace of
 * each kind, so only one of the two can be mounted again.
 */
#include "mnt/singles.h"

#include <string.h>

#include "model/advice.h"
#include "model/filesystem.h"

/* The caller's, one that is not seen, and the later one give way. */
static bool is_preferred(const struct external_input *in, const struct mount *a,
			 const struct mount *b)
{
	bool callers_a = table_get(&in->callers->by_dev, a->dev) != TABLE_NONE;
	bool callers_b = table_get(&in->callers->by_dev, b->dev) != TABLE_NONE;
	bool seen_a = advice_is_seen(in->tree, a), seen_b = advice_is_seen(in->tree, b);

	return callers_a != callers_b ? callers_b : seen_a != seen_b ? seen_a : a < b;
}

bool singles_gives_way(const struct external_input *in, const struct mount *m)
{
	const struct filesystem *fs = filesystem_find(m->fstype);
	const struct mount *best = NULL;

	if (!fs || !(fs->flags & FILESYSTEM_SINGLE) || !fs->namespace ||
	    fs->type == FILESYSTEM_TYPE_CGROUP || fs->type == FILESYSTEM_TYPE_CGROUP2)
		return false;
	for (uint32_t i = 0; i < in->tree->n; i++) {
		const struct mount *other = &in->tree->mounts[i];

		if (other->owner != MOUNT_EXTERNAL && other->owner != MOUNT_SKIPPED &&
		    strcmp(other->fstype, m->fstype) == 0 &&
		    (!best || is_preferred(in, other, best)))
			best = other;
	}
	return best && best->dev != m->dev;
}
