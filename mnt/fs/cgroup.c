// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Hierarchies of cgroup version 1. Each is one superblock for the whole host, known by its
 * controllers and its name; /proc/self/cgroup has a line "ID:CONTROLLERS:PATH" for each.
 */
#include <stdio.h>
#include <string.h>

#include "mnt/fs/fs.h"
#include "model/filesystem.h"

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

/* Is the line that of the hierarchy which these options name? Both lists are in one order. */
static bool is_of(char *line, const char *options)
{
	char *start = strchr(line, ':'), *end = start ? strchr(start + 1, ':') : NULL;

	/* A name may have a colon in it, a path begins with a slash. */
	while (end && end[1] != '/')
		end = strchr(end + 1, ':');
	if (!end)
		return false;
	*end = '\0';
	bool same = filesystem_same_options(start + 1, options);

	*end = ':';
	return same;
}

static bool is_there(const struct mount *m)
{
	cleanup(close_file) FILE *file = fopen("/proc/self/cgroup", "re");
	cleanup_free char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0)
		if (is_of(line, m->options))
			return true;
	return false;
}

void fs_cgroup_check(const struct mount_tree *tree, struct findings *findings)
{
	tree_for_each (i, tree) {
		const struct mount *m = &tree->mounts[i];

		if (m->owner == MOUNT_INTERNAL && strcmp(m->fstype, "cgroup") == 0 &&
		    tree_first_of_superblock(tree, m) == i && !is_there(m))
			findings_mount(findings, "no-hierarchy", m, "mount it on the host first",
				       "this host has no cgroup hierarchy '%s'", m->options);
	}
}
