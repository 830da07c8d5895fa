// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/set.h"

#include <stdio.h>
#include <string.h>

int set_name(struct mount_tree *set, struct mount *m, uint32_t ns)
{
	cleanup_free char *name = NULL;
	/* The root: as paths are compared, and behind that as it is shown. */
	int n = strcmp(m->mountpoint, "/") != 0 ? asprintf(&name, "%u:%s", ns, m->mountpoint)
						: asprintf(&name, "%u:%c%u:/", ns, '\0', ns);
	const char *copy = n < 0 ? NULL : arena_copy(&set->strings, name, (size_t)n);

	if (!copy)
		return -ENOMEM;
	m->mountpoint = copy;
	m->numbered = true;
	return 0;
}

/* What a mount owns can have one owner only. */
static void move_mount(struct mount *from, struct mount *to)
{
	*to = *from;
	from->idmap = NULL;
	from->contents = NULL;
	from->formats = NULL;
}

static int copy_lost(struct mount_tree *set, const struct mount_tree *member, uint32_t id)
{
	uint32_t lost = table_get(&member->lost, id);

	return lost == TABLE_NONE ? 0 : table_put(&set->lost, id, lost, NULL);
}

int set_add(struct mount_tree *set, struct mount_tree *member, uint32_t ns)
{
	bool first = set->n == 0;
	int err = tree_reserve(set, set->n + member->n);

	for (uint32_t i = 0; i < member->n && !err; i++) {
		struct mount *m = tree_add(set);

		if (!m)
			return -ENOMEM;
		move_mount(&member->mounts[i], m);
		m->ns = ns;
		if (!first)
			err = set_name(set, m, ns);
		if (!err)
			err = copy_lost(set, member, m->id);
	}
	return err;
}

char *set_find_name(const struct mount_tree *set, const char *path, uint32_t *ret_ns)
{
	const struct mount *first = &set->mounts[set->root];
	char *end;
	unsigned long ns = *path >= '1' && *path <= '9' ? strtoul(path, &end, 10) : 0;

	*ret_ns = first->ns;
	if (!tree_is_set(set) || !ns || ns > UINT32_MAX || end[0] != ':' ||
	    (end[1] && end[1] != '/') || tree_root_of(set, (uint32_t)ns) == MOUNT_NONE)
		return strdup(path);
	*ret_ns = (uint32_t)ns;
	if (ns == first->ns)
		return strdup(end[1] ? end + 1 : "/");
	return strndup(path, end[1] && end[2] ? strlen(path) : (size_t)(end + 1 - path));
}
