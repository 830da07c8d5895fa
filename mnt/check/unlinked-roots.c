// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/check/unlinked-roots.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/names.h"
#include "base/path.h"
#include "mnt/contents/unlinked.h"
#include "model/advice.h"

/* What the mount shows: 0, or a negative errno: its place does not lead to it. */
static int unlinked_roots_look(const struct scan_target *target, const struct mount_tree *tree,
			       const struct mount *m, struct stat *ret)
{
	cleanup_fd int fd = path_open_across(target->root_fd, m->mountpoint);
	struct sys_mount_stat stat;
	int err =
		fd < 0 ? fd : sys_mount_stat(fd, "", AT_EMPTY_PATH | scan_stat_flags(tree), &stat);

	if (err)
		return err;
	return !scan_is_mount(m, &stat) ? -ENOENT : fstat(fd, ret) < 0 ? -errno : 0;
}

/* Where it was something else may be by now; what is mounted on the way hides that. */
static bool is_taken(const struct scan_target *target, const struct mount_tree *tree,
		     const struct mount *m)
{
	const char *rest = path_rest_below(m->root, tree->mounts[tree->root].root);
	cleanup_fd int fd = path_open_beneath(target->root_fd, rest);

	return fd != -ENOENT && fd != -EXDEV;
}

struct seen {
	struct names names; /* by path: the first mount that shows what had it */
	ino_t *inodes;	    /* by mount */
};

static void seen_free(struct seen *seen)
{
	names_free(&seen->names);
	free(seen->inodes);
}

/* Did another inode have this name? Return: 1, 0, or -ENOMEM. */
static int had_other(const struct mount_tree *tree, const struct mount *m, ino_t inode,
		     struct seen *seen)
{
	uint32_t i = tree_index(tree, m);
	uint32_t first = names_get(&seen->names, m->root, strlen(m->root));

	seen->inodes[i] = inode;
	if (first != TABLE_NONE)
		return seen->inodes[first] != inode;
	return names_put(&seen->names, m->root, strlen(m->root), i);
}

static const char *why_not(const struct scan_target *target, const struct mount_tree *tree,
			   const struct mount *m, struct seen *seen)
{
	struct stat stat;

	if (unlinked_roots_look(target, tree, m, &stat))
		return "it is hidden, and what it shows cannot be read";
	if (!S_ISDIR(stat.st_mode) && !S_ISREG(stat.st_mode))
		return "it is neither a file nor a directory";
	if (S_ISREG(stat.st_mode) && stat.st_nlink)
		return "the file has another name";
	if (is_taken(target, tree, m))
		return "something else has that name by now";
	int other = had_other(tree, m, stat.st_ino, seen);

	return other < 0 ? "memory ran out"
	       : other	 ? "another mount shows another one that had that name"
			 : NULL;
}

/* Other names are looked for in the whole filesystem, which is mounted nowhere. */
static const char *why_not_alone(const struct scan_target *target, const struct mount_tree *tree,
				 const struct mount *m)
{
	struct stat stat;

	return unlinked_roots_look(target, tree, m, &stat) == 0 && !S_ISDIR(stat.st_mode) &&
			       stat.st_nlink
		       ? "the file has another name, and its filesystem is mounted nowhere"
		       : NULL;
}

static const char *why_not_any(const struct scan_target *target, const struct mount_tree *tree,
			       const struct mount *m, struct seen *seen)
{
	if (unlinked_is_of_root(tree, m))
		return why_not(target, tree, m, seen);
	return unlinked_is_ours(tree, m) && tree_is_all_deleted(tree, m)
		       ? why_not_alone(target, tree, m)
		       : NULL;
}

int unlinked_check_dump(const struct scan_target *target, const struct mount_tree *tree,
			struct findings *findings)
{
	cleanup(seen_free) struct seen seen = {
		.inodes = calloc(tree->n + 1, sizeof(*seen.inodes)),
	};

	if (!seen.inodes)
		return -ENOMEM;
	tree_for_each (i, tree) {
		const struct mount *m = &tree->mounts[i];
		const char *why = why_not_any(target, tree, m, &seen);
		cleanup_free char *help = why ? advice_external(tree, m) : NULL;

		if (why)
			findings_mount(findings, FINDING_DELETED, m, help,
				       "its root '%s' has been deleted, and cannot be made and "
				       "deleted again: %s",
				       m->root, why);
	}
	return findings->lost ? -ENOMEM : 0;
}

void unlinked_check_restore(const struct mount_tree *tree, const struct rebind_restore_options *o,
			    struct findings *findings)
{
	for (uint32_t i = 0; i < tree->n && !o->create_mountpoints; i++)
		if (unlinked_is_of_root(tree, &tree->mounts[i]))
			findings_mount(findings, FINDING_DELETED, &tree->mounts[i],
				       "--create-mountpoints",
				       "its root '%s' had been deleted: it is made in the new "
				       "root's filesystem, and deleted again",
				       tree->mounts[i].root);
}
