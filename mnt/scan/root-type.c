// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/scan/root-type.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"

#define FEW 8 /* mounts in one directory from which on it is read */

struct look {
	const struct scan_target *target;
	struct mount_tree *tree;
	const struct visible *visible;
};

static bool in_same_directory(const struct mount *left, const struct mount *right)
{
	size_t n = path_dir_size(left->mountpoint);

	return left->visible && right->visible && left->parent == right->parent &&
	       path_dir_size(right->mountpoint) == n &&
	       memcmp(left->mountpoint, right->mountpoint, n) == 0;
}

/* How many mounts from @i on, in the order of the siblings, stand in one directory; each is counted
 * once. */
static uint32_t count_neighbours(struct mount_tree *tree, uint32_t i)
{
	uint32_t n = 0;

	for (uint32_t k = i;
	     k != MOUNT_NONE && in_same_directory(&tree->mounts[i], &tree->mounts[k]);
	     k = tree->mounts[k].next) {
		tree->mounts[k].processed = true;
		n++;
	}
	return n;
}

static DIR *open_directory(const struct scan_target *target, const struct mount_tree *tree,
			   const struct mount *m)
{
	cleanup_free char *path = strndup(m->mountpoint, path_dir_size(m->mountpoint));
	struct sys_mount_stat stat;
	cleanup_fd int fd = path ? openat(target->root_fd, *path ? path + 1 : ".",
					  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
				 : -1;

	/* A symlink on the way, or something mounted since: not the directory that is meant. */
	if (fd < 0 || sys_mount_stat(fd, "", AT_EMPTY_PATH | scan_stat_flags(tree), &stat) ||
	    !scan_is_mount(tree_parent(tree, m), &stat))
		return NULL;
	DIR *dir = fdopendir(fd);

	if (dir)
		fd_take(&fd);
	return dir;
}

/* The mount on an entry of a directory of @parent, below what is stacked on that mount; or NULL. */
static struct mount *mount_on(const struct look *look, uint32_t parent, const char *path)
{
	struct mount *m = visible_at(look->tree, look->visible, path);

	while (m && m->parent != parent) {
		struct mount *below = tree_parent(look->tree, m);

		m = below && strcmp(below->mountpoint, path) == 0 ? below : NULL;
	}
	return m;
}

static void note_entry(const struct look *look, const struct mount *first,
		       const struct dirent *entry)
{
	char path[PATH_MAX + NAME_MAX + 2];
	size_t size = path_dir_size(first->mountpoint), n = strlen(entry->d_name) + 1;

	if (entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK || size >= PATH_MAX)
		return;
	memcpy(path, first->mountpoint, size);
	path[size] = '/';
	memcpy(path + size + 1, entry->d_name, n);
	struct mount *m = mount_on(look, first->parent, path);

	if (m)
		m->kind = entry->d_type == DT_DIR ? MOUNT_KIND_DIRECTORY : MOUNT_KIND_FILE;
}

/* One reading of a directory for all @n mounts in it; a directory full of other things is left
 * early. What is not seen here, also because of an error, is asked for by its name. */
static void read_directory(const struct look *look, uint32_t i, uint32_t n)
{
	const struct mount *first = &look->tree->mounts[i];
	cleanup_dirp DIR *dir = open_directory(look->target, look->tree, first);
	const struct dirent *entry;

	for (uint32_t j = 0; dir && j < n * 8 && fd_next_entry(dir, &entry) > 0; j++)
		note_entry(look, first, entry);
}

static void root_type_ask(const struct scan_target *target, struct mount_tree *tree, uint32_t i)
{
	struct mount *m = &tree->mounts[i];
	struct sys_mount_stat stat;

	if (sys_mount_stat(target->root_fd, m->mountpoint + 1,
			   AT_SYMLINK_NOFOLLOW | scan_stat_flags(tree), &stat))
		return;
	if (scan_is_mount(&tree->mounts[tree_top(tree, i)], &stat))
		m->kind = S_ISDIR(stat.mode) ? MOUNT_KIND_DIRECTORY : MOUNT_KIND_FILE;
}

/* The first of many in a directory has it read for all of them. */
static void read_or_ask(const struct look *look, uint32_t i)
{
	struct mount_tree *tree = look->tree;
	uint32_t n = tree->mounts[i].processed ? 0 : count_neighbours(tree, i);

	if (n >= FEW)
		read_directory(look, i, n);
	if (tree->mounts[i].kind == MOUNT_KIND_UNKNOWN)
		root_type_ask(look->target, tree, i);
}

void root_type_find_all(const struct scan_target *target, struct mount_tree *tree,
			const struct visible *visible)
{
	const struct look look = { target, tree, visible };

	for (uint32_t i = 0; i < tree->n; i++)
		tree->mounts[i].processed = false;
	tree_for_each (i, tree) {
		struct mount *m = &tree->mounts[i];
		const struct mount *parent = tree_parent(tree, m);

		if (m->kind != MOUNT_KIND_UNKNOWN)
			continue;
		if (!parent || mount_is_fsroot(m))
			m->kind = MOUNT_KIND_DIRECTORY;
		else if (strcmp(parent->mountpoint, m->mountpoint) == 0)
			m->kind = parent->kind;
		else if (m->visible)
			read_or_ask(&look, i);
	}
}

/* ---- symlinks ---- */

static uint64_t path_key(const char *path, size_t size)
{
	return table_hash_bytes(path, size);
}

/* A file that stands in a directory of its parent: not one that is stacked on another. */
static bool may_be_on_symlink(const struct mount_tree *tree, const struct mount *m)
{
	return m->visible && m->kind != MOUNT_KIND_DIRECTORY && m->parent != MOUNT_NONE &&
	       strcmp(tree_parent(tree, m)->mountpoint, m->mountpoint) != 0;
}

static int index_places(struct mount_tree *tree, struct table *places)
{
	int err = 0;

	for (uint32_t i = 0; i < tree->n && !err; i++) {
		const char *path = tree->mounts[i].mountpoint;

		if (may_be_on_symlink(tree, &tree->mounts[i]))
			err = table_put(places, path_key(path, strlen(path)), i, NULL);
	}
	return err;
}

/* What stands at a symlink of the directory of @m. */
static void mark_entry(struct mount_tree *tree, const struct table *places, const struct mount *m,
		       const char *name)
{
	char path[PATH_MAX + NAME_MAX + 2];
	size_t size = path_dir_size(m->mountpoint);
	int n = snprintf(path, sizeof(path), "%.*s/%s", (int)size, m->mountpoint, name);
	uint32_t found =
		n < (int)sizeof(path) ? table_get(places, path_key(path, (size_t)n)) : TABLE_NONE;

	if (found != TABLE_NONE && strcmp(tree->mounts[found].mountpoint, path) == 0)
		tree->mounts[found].on_symlink = true;
}

static void read_symlinks(const struct scan_target *target, struct mount_tree *tree,
			  const struct table *places, const struct mount *m)
{
	cleanup_dirp DIR *dir = open_directory(target, tree, m);
	const struct dirent *entry;

	while (dir && fd_next_entry(dir, &entry) > 0)
		if (entry->d_type == DT_LNK)
			mark_entry(tree, places, m, entry->d_name);
}

/* Does it show one? */
static bool is_symlink(const struct scan_target *target, const struct mount_tree *tree, uint32_t i)
{
	struct sys_mount_stat stat;

	return sys_mount_stat(target->root_fd, tree->mounts[i].mountpoint + 1,
			      AT_SYMLINK_NOFOLLOW | scan_stat_flags(tree), &stat) == 0 &&
	       scan_is_mount(&tree->mounts[i], &stat) && S_ISLNK(stat.mode);
}

int kind_find_symlinks(const struct scan_target *target, struct mount_tree *tree)
{
	cleanup_table struct table places = { 0 }, read = { 0 };
	int err = index_places(tree, &places);

	for (uint32_t i = 0; i < tree->n && !err; i++) {
		struct mount *m = &tree->mounts[i];
		uint32_t before = TABLE_NONE;

		if (!may_be_on_symlink(tree, m))
			continue;
		err = table_put(&read, path_key(m->mountpoint, path_dir_size(m->mountpoint)), i,
				&before);
		if (!err && before == TABLE_NONE)
			read_symlinks(target, tree, &places, m);
		m->is_symlink = is_symlink(target, tree, i);
	}
	return err;
}
