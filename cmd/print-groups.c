// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/print-groups.h"

#include <stdio.h>

#include "base/path.h"
#include "cmd/groups.h"
#include "base/text.h"

#define MAX_PATHS 6 /* of a group that are named */

/* Is there more to say than PROPAGATION says? */
static bool is_telling(const struct group *group)
{
	return group->n_peers > 1 || group->n_slaves || group->master;
}

static int print_path(const char *path, bool utf8)
{
	cleanup_free char *safe = path_printable(path ? path : "?");
	cleanup_free char *ascii = safe && !utf8 ? text_ascii(safe) : NULL;

	if (!safe || (!utf8 && !ascii))
		return -ENOMEM;
	fputs(utf8 ? safe : ascii, stdout);
	return 0;
}

/* The first of them; @master: slaves of this group, else members of it. */
static int print_paths(const struct rebind_tree *tree, size_t first, uint32_t n, uint32_t id,
		       bool master, bool utf8)
{
	uint32_t done = 0;

	for (size_t i = first; done < n && done < MAX_PATHS; i++) {
		struct rebind_mount mount = { .size = sizeof(mount) };

		rebind_tree_get(tree, i, &mount);
		if ((master ? mount.master : mount.shared) != id)
			continue;
		fputs(done++ ? ", " : " ", stdout);
		if (print_path(mount.mountpoint, utf8) < 0)
			return -ENOMEM;
	}
	if (n > done)
		printf(" and %u more", n - done);
	return 0;
}

static int print_group(const struct rebind_tree *tree, const struct groups *groups,
		       const struct group *group, bool utf8)
{
	int err = 0;

	printf("shared:%u%s", group->id, group->n_peers ? "" : " (outside)");
	if (group->master) {
		uint32_t master = table_get(&groups->by_id, group->master);

		printf(", slave of %u%s", group->master,
		       groups->list[master].n_peers ? "" : " (outside)");
	}
	putchar(':');
	if (group->n_peers)
		err = print_paths(tree, group->first_peer, group->n_peers, group->id, false, utf8);
	if (!err && group->n_slaves) {
		fputs(group->n_peers ? "; slaves" : " slaves", stdout);
		err = print_paths(tree, group->first_slave, group->n_slaves, group->id, true, utf8);
	}
	putchar('\n');
	return err;
}

int print_groups(const struct rebind_tree *tree, bool utf8)
{
	cleanup_groups struct groups groups = { 0 };
	bool any = false;
	int err = groups_find(tree, &groups);

	for (size_t i = 0; i < groups.n && !err; i++) {
		if (!is_telling(&groups.list[i]))
			continue;
		if (!any)
			fputs("\nPEER GROUPS\n", stdout);
		any = true;
		err = print_group(tree, &groups, &groups.list[i], utf8);
	}
	return err;
}
