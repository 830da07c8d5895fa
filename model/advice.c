// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/advice.h"

#include <stdio.h>

#include "base/text.h"

bool advice_is_seen(const struct mount_tree *tree, const struct mount *m)
{
	return m->visible && tree_covering(tree, tree_index(tree, m)) == MOUNT_NONE;
}

const struct mount *advice_seen_whole(const struct mount_tree *tree, uint32_t first)
{
	for (uint32_t i = first; i != MOUNT_NONE; i = tree->mounts[i].sb_next)
		if (mount_is_fsroot(&tree->mounts[i]) && advice_is_seen(tree, &tree->mounts[i]))
			return &tree->mounts[i];
	return NULL;
}

char *advice_external(const struct mount_tree *tree, const struct mount *m)
{
	cleanup_free char *quoted = advice_is_seen(tree, m)
					    ? text_quoted("mnt[%s]:KEY", mount_shown(m))
					    : text_quoted("mnt[#%u]:KEY", m->id);
	char *word;

	return quoted && asprintf(&word, "--external %s", quoted) >= 0 ? word : NULL;
}
