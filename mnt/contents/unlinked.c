// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/contents/unlinked.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "mnt/ipc/message.h"
#include "model/filesystem.h"

bool unlinked_is_of_root(const struct mount_tree *tree, const struct mount *m)
{
	const struct mount *root = &tree->mounts[tree->root];

	return m->deleted && m->owner == MOUNT_INTERNAL && m->dev == root->dev;
}

bool unlinked_is_ours(const struct mount_tree *tree, const struct mount *m)
{
	const struct filesystem *fs = m->deleted ? filesystem_find(m->fstype) : NULL;

	if (unlinked_is_of_root(tree, m))
		return true;
	return fs && (fs->flags & FILESYSTEM_CONTENTS) && m->owner == MOUNT_INTERNAL &&
	       m->dev != tree->mounts[tree->root].dev;
}

bool unlinked_is_all(const struct mount_tree *tree, const struct mount *m)
{
	return !mount_is_fsroot(&tree->mounts[tree_first_of_superblock(tree, m)]);
}

/* Its other names are gone when it is a directory; those of a file may be there, and be seen. */
static bool has_other_name(const struct mount_tree *tree, const struct mount *m,
			   const struct stat *stat)
{
	return !S_ISDIR(stat->st_mode) && stat->st_nlink > 0 && !unlinked_is_all(tree, m);
}

static int look_at_one(const struct scan_target *target, const struct mount_tree *tree,
		       struct mount *m)
{
	cleanup_fd int fd = openat(scan_target_of(target, m)->root_fd, mount_path(m) + 1,
				   O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct sys_mount_stat place;
	struct stat stat;

	if (fd < 0 || sys_mount_stat(fd, "", AT_EMPTY_PATH | scan_stat_flags(tree), &place) ||
	    !scan_is_mount(m, &place) || fstat(fd, &stat) < 0 || !has_other_name(tree, m, &stat))
		return 0;
	if (!m->contents)
		m->contents = calloc(1, sizeof(*m->contents));
	if (!m->contents)
		return -ENOMEM;
	m->contents->inode = stat.st_ino;
	m->contents->link = "";
	return 0;
}

int unlinked_look(const struct scan_target *target, struct mount_tree *tree)
{
	int err = 0;

	for (uint32_t i = 0; i < tree->n && !err; i++)
		if (tree->mounts[i].visible && unlinked_is_ours(tree, &tree->mounts[i]))
			err = look_at_one(target, tree, &tree->mounts[i]);
	return err;
}

static const char *name_of(const struct mount *m)
{
	return strrchr(m->mountpoint, '/') + 1;
}

int unlinked_open_parent(const struct mount *m)
{
	size_t n = (size_t)(name_of(m) - m->mountpoint);
	cleanup_free char *dir = strndup(m->mountpoint, n);
	cleanup_fd int fd = dir ? open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	struct sys_mount_stat stat;
	int err = fd < 0 ? -errno : sys_mount_stat(fd, name_of(m), AT_SYMLINK_NOFOLLOW, &stat);

	if (err)
		return err;
	return stat.is_mount_root && stat.dev == m->dev ? fd_take(&fd) : -ENOENT;
}

static uint64_t inode_key(const struct mount *m, uint64_t inode)
{
	return inode ^ (uint64_t)m->dev << 32;
}

static int tell(int sock, uint32_t i, uint64_t inode, const char *link)
{
	struct ipc_message message = {
		.type = IPC_DELETED,
		.unlinked = { i, inode },
	};

	return ipc_send(sock, message, (const char *const[4]){ link }, -1);
}

int unlinked_tell(int sock, const struct mount_tree *tree, uint32_t i, int place_fd,
		  struct table *inodes)
{
	const struct mount *m = &tree->mounts[i];
	uint32_t before;
	struct stat stat;
	int err = fstatat(place_fd, name_of(m), &stat, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;

	if (!err)
		err = tell(sock, i, stat.st_ino, NULL);
	if (!err)
		err = table_put(inodes, inode_key(m, stat.st_ino), i, &before);
	if (err)
		return log_error(err, "cannot look at the deleted root of mount %u '%s'", m->id,
				 m->mountpoint);
	if (before != TABLE_NONE)
		return 1;
	if (!has_other_name(tree, m, &stat))
		return 0;
	/* Its filesystem may have been read by now, and nobody looked for it. */
	return m->contents ? 1
			   : log_error(-EBUSY,
				       "cannot tell which other name the deleted root of mount %u "
				       "'%s' has: the mount is hidden",
				       m->id, m->mountpoint);
}

/* ---- the other names ---- */

struct search {
	int sock, root_fd;
	struct table wanted; /* inode -> the first mount with it */
	char **dirs;	     /* still to be read */
	size_t n, room;
};

static void search_free(struct search *s)
{
	while (s->n)
		free(s->dirs[--s->n]);
	free(s->dirs);
	table_free(&s->wanted);
}

static int add_directory(struct search *s, char *path)
{
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 16;
		char **dirs = path ? realloc(s->dirs, room * sizeof(*dirs)) : NULL;

		if (!dirs) {
			free(path);
			return -ENOMEM;
		}
		s->dirs = dirs;
		s->room = room;
	}
	s->dirs[s->n++] = path;
	return path ? 0 : -ENOMEM;
}

static int look_at_entry(struct search *s, int dir_fd, const char *dir, const struct dirent *entry)
{
	struct stat stat;

	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
	    fstatat(dir_fd, entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (S_ISDIR(stat.st_mode))
		return add_directory(s, path_join(dir, entry->d_name));
	uint32_t found = table_get(&s->wanted, stat.st_ino);

	if (found == TABLE_NONE)
		return 0;
	cleanup_free char *path = path_join(dir, entry->d_name);

	return path ? tell(s->sock, found, stat.st_ino, path) : -ENOMEM;
}

/* Without a trace in its access time. */
static int read_directory(struct search *s, const char *path)
{
	cleanup_fd int at = path_open_beneath(s->root_fd, path);
	int fd = at < 0 ? at : openat(at, ".", O_RDONLY | O_DIRECTORY | O_NOATIME | O_CLOEXEC);

	if (fd < 0 && at >= 0)
		fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dirp DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	int err = 0, more;

	if (!dir)
		return at < 0 ? at : -errno;
	while ((more = fd_next_entry(dir, &entry)) > 0 && !err)
		err = look_at_entry(s, fd, path, entry);
	return err ? err : more;
}

static int search(struct search *s)
{
	int err = add_directory(s, strdup("/"));

	while (!err && s->n) {
		cleanup_free char *path = s->dirs[--s->n];

		err = read_directory(s, path);
	}
	return err;
}

int unlinked_find_links(int sock, const struct mount_tree *tree, uint32_t first, int dir_fd)
{
	cleanup(search_free) struct search s = { .sock = sock, .root_fd = dir_fd };
	int err = 0;
	bool any = false;

	for (uint32_t i = first; i != MOUNT_NONE && !err; i = tree->mounts[i].sb_next) {
		const struct mount *m = &tree->mounts[i];

		if (!m->deleted || !m->contents || !m->contents->link)
			continue;
		any = true;
		err = table_put(&s.wanted, m->contents->inode, i, NULL);
	}
	if (any && !err)
		err = search(&s);
	return err ? log_error(err, "cannot look for the names of what mount %u '%s' has",
			       tree->mounts[first].id, tree->mounts[first].mountpoint)
		   : 0;
}

static bool is_linked(const struct mount *m)
{
	return m->deleted && m->contents && m->contents->link;
}

int unlinked_settle(struct mount_tree *tree)
{
	cleanup_table struct table found = { 0 };
	int err = 0;

	for (uint32_t i = 0; i < tree->n && !err; i++)
		if (is_linked(&tree->mounts[i]) && *tree->mounts[i].contents->link)
			err = table_put(
				&found,
				inode_key(&tree->mounts[i], tree->mounts[i].contents->inode), i,
				NULL);
	for (uint32_t i = 0; i < tree->n && !err; i++) {
		struct mount *m = &tree->mounts[i];
		uint32_t k = is_linked(m) ? table_get(&found, inode_key(m, m->contents->inode))
					  : TABLE_NONE;

		if (k != TABLE_NONE)
			m->contents->link = tree->mounts[k].contents->link;
		else if (is_linked(m))
			err = -EAGAIN;
	}
	return err;
}
