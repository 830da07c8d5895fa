// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Theory of operation
 *
 * A mount with a deleted root cannot be attached. So the root is created, under an unused name in a
 * directory of its own, and deleted when all its mounts are attached. The kernel shows the name
 * that the root had when it was deleted. So just before that it gets the recorded name. If another
 * file has this name by then, the two are exchanged, and exchanged back. Directories on the way
 * that are missing are created and deleted in the same manner.
 *
 * A name on which something is mounted cannot be changed from the namespace in which it is (EBUSY),
 * but from any other: a child does it from the caller's, where nothing of these filesystems is
 * mounted.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "base/path.h"
#include "archive/archive.h"
#include "mnt/contents/contents.h"
#include "mnt/fs/fs.h"

#define NAME_SIZE 64
#define TRIES	  100 /* of names that the contents may have taken */

struct unlinked_root {
	uint32_t first;	 /* of its superblock */
	uint32_t before; /* the one before it, of the same, or TABLE_NONE */
	const struct mount *m;
	char own_dir[NAME_SIZE];  /* the directory of its own */
	char path[NAME_SIZE];	  /* in it */
	struct timespec times[2]; /* of the directory that this one is in, as they were */
};

static uint64_t inode_key(const struct mount *m)
{
	return (m->contents ? m->contents->inode : 0) ^ (uint64_t)m->dev << 32;
}

static uint64_t root_key(const struct mount *m)
{
	return table_hash_bytes(m->root, strlen(m->root)) + inode_key(m) * 0x9e3779b97f4a7c15ULL;
}

/* Return: it, or NULL, and the key that is its own or would be. */
static const struct unlinked_root *find_root(const struct build *b, const struct mount *m,
					     uint64_t *ret_key)
{
	for (*ret_key = root_key(m);; ++*ret_key) {
		uint32_t i = table_get(&b->unlinked.by_root, *ret_key);
		const struct unlinked_root *root = i == TABLE_NONE ? NULL : &b->unlinked.list[i];

		if (!root ||
		    (inode_key(root->m) == inode_key(m) && strcmp(root->m->root, m->root) == 0))
			return root;
	}
}

static int find_kept_by(struct build *b)
{
	int err = 0;

	for (uint32_t i = 0; i < b->tree->n && !err; i++)
		if (b->tree->mounts[i].deleted && !contents_are_elsewhere(&b->tree->mounts[i]))
			err = table_put(&b->unlinked.kept_by, inode_key(&b->tree->mounts[i]), i,
					NULL);
	b->unlinked.knows_kept_by = true;
	return err;
}

int fs_unlinked_kept_by(struct build *b, const struct mount *m, const struct mount **ret)
{
	int err = b->unlinked.knows_kept_by ? 0 : find_kept_by(b);
	bool known = m->contents && m->contents->inode;
	uint32_t i = known && !err ? table_get(&b->unlinked.kept_by, inode_key(m)) : TABLE_NONE;

	*ret = !contents_are_elsewhere(m) ? m : i == TABLE_NONE ? NULL : &b->tree->mounts[i];
	return err;
}

static struct unlinked_root *add_root(struct build *b, uint32_t i, uint64_t key)
{
	struct build_unlinked *all = &b->unlinked;

	if ((all->n & (all->n - 1)) == 0) {
		size_t room = all->n ? 2 * (size_t)all->n : 1;
		struct unlinked_root *list = realloc(all->list, room * sizeof(*list));

		if (!list)
			return NULL;
		all->list = list;
	}
	const struct mount *m = &b->tree->mounts[i];
	uint32_t first = tree_first_of_superblock(b->tree, m), before;

	if (table_put(&all->by_root, key, all->n, NULL) ||
	    table_put(&all->by_first, first, all->n, &before))
		return NULL;
	all->list[all->n] = (struct unlinked_root){ .first = first, .before = before, .m = m };
	return &all->list[all->n++];
}

static int look_at_times(int dir_fd, struct timespec times[2])
{
	struct stat stat;

	if (fstat(dir_fd, &stat) < 0)
		return -errno;
	times[0] = stat.st_atim;
	times[1] = stat.st_mtim;
	return 0;
}

static int make_directory_of_its_own(struct unlinked_root *root, int sb_root_fd)
{
	int err = look_at_times(sb_root_fd, root->times);

	for (int i = 0; i < TRIES && !err; i++) {
		snprintf(root->own_dir, sizeof(root->own_dir), ".rebind-deleted-%u-%d", root->m->id,
			 i);
		snprintf(root->path, sizeof(root->path), "%.40s/" ARCHIVE_ONE_NAME, root->own_dir);
		if (mkdirat(sb_root_fd, root->own_dir, 0700) == 0)
			return 0;
		if (errno != EEXIST)
			err = -errno;
	}
	return err ? err : -EEXIST;
}

/* CRIU's records do not tell: it is what it is mounted on. */
static bool is_file(struct build *b, uint32_t i)
{
	const struct mount *m = &b->tree->mounts[i];
	uint8_t *kind = &b->targets[i].kind;
	struct stat stat;

	if (*kind == MOUNT_KIND_UNKNOWN) {
		cleanup_fd int place =
			path_open_beneath(b->fds[m->parent], tree_relative(b->tree, m));

		*kind = place >= 0 && fstat(place, &stat) == 0 && !S_ISDIR(stat.st_mode)
				? MOUNT_KIND_FILE
				: MOUNT_KIND_DIRECTORY;
	}
	return *kind == MOUNT_KIND_FILE;
}

static int make_empty(int sb_root_fd, const char *path, bool file)
{
	if (!file)
		return mkdirat(sb_root_fd, path, 0755) < 0 ? -errno : 0;
	return mknodat(sb_root_fd, path, S_IFREG | 0644, 0) < 0 ? -errno : 0;
}

/* Another name for what is there already. */
static int make_link(int sb_root_fd, const char *from, const char *path)
{
	cleanup_fd int fd = path_open_beneath(sb_root_fd, from);

	return fd < 0 ? fd : linkat(fd, "", sb_root_fd, path, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

/* A directory's archive holds "./" alone, that of anything else one name. */
static int unpack_root(struct build *b, const struct unlinked_root *root, const struct mount *kept,
		       int sb_root_fd, bool file)
{
	int err = file ? 0 : make_empty(sb_root_fd, root->path, false);
	cleanup_fd int dir =
		err ? err : path_open_beneath(sb_root_fd, file ? root->own_dir : root->path);

	if (dir < 0)
		return log_error(dir, "cannot make the deleted root of mount %u '%s'", root->m->id,
				 root->m->mountpoint);
	err = fs_unpack(b, kept, kept->contents, dir, NULL);
	return err ? err : fs_sockets_make(b->host, kept, kept->contents, dir);
}

static int make_plain(struct build *b, uint32_t i, const struct unlinked_root *root, int sb_root_fd)
{
	const struct mount *m = root->m;
	int err = m->contents && m->contents->link
			  ? make_link(sb_root_fd, m->contents->link, root->path)
			  : make_empty(sb_root_fd, root->path, is_file(b, i));

	return err ? log_error(err, "cannot make the deleted root of mount %u '%s'", m->id,
			       m->mountpoint)
		   : 0;
}

static int make_root(struct build *b, uint32_t i, const struct unlinked_root *root, int sb_root_fd)
{
	const struct mount *m = root->m;
	bool known = m->contents && m->contents->inode;
	uint32_t same = known ? table_get(&b->unlinked.by_inode, inode_key(m)) : TABLE_NONE;
	uint32_t kept_by = known ? table_get(&b->unlinked.kept_by, inode_key(m))
			   : contents_are_elsewhere(m) ? TABLE_NONE
						       : i;
	int err = 0;

	if (same == TABLE_NONE) {
		if (known)
			err = table_put(&b->unlinked.by_inode, inode_key(m), b->unlinked.n - 1,
					NULL);
		if (err || kept_by == TABLE_NONE)
			return err ? err : make_plain(b, i, root, sb_root_fd);
		return unpack_root(b, root, &b->tree->mounts[kept_by], sb_root_fd, is_file(b, i));
	}
	err = make_link(sb_root_fd, b->unlinked.list[same].path, root->path);
	return err ? log_error(err, "cannot make the deleted root of mount %u '%s'", m->id,
			       m->mountpoint)
		   : 0;
}

int fs_unlinked_make(struct build *b, uint32_t i)
{
	const struct mount *m = &b->tree->mounts[i];
	int sb_root_fd = b->sb_root_fds[tree_first_of_superblock(b->tree, m)];
	int err = b->unlinked.knows_kept_by ? 0 : find_kept_by(b);
	uint64_t key;

	if (!err && find_root(b, m, &key))
		return 0;
	struct unlinked_root *root = err ? NULL : add_root(b, i, key);

	if (!root)
		return log_error(-ENOMEM, "cannot make the deleted root of mount %u '%s'", m->id,
				 m->mountpoint);
	err = fs_become_owner(b, sb_root_fd);
	if (!err)
		err = make_directory_of_its_own(root, sb_root_fd);
	if (err)
		return log_error(err, "cannot make room for the deleted root of mount %u '%s'",
				 m->id, m->mountpoint);
	err = make_root(b, i, root, sb_root_fd);
	int back = fs_become_ourselves(b);

	return err ? err : back;
}

int fs_unlinked_open(const struct build *b, uint32_t i)
{
	uint64_t key;
	const struct unlinked_root *root = find_root(b, &b->tree->mounts[i], &key);

	return root ? path_open_beneath(b->sb_root_fds[root->first], root->path) : -ENOENT;
}

/* ---- giving it its name, and deleting it ---- */

/* One name on the way to the root: what is ours, and bears it for a while. */
struct lent_name {
	int dir_fd;
	char name[256];
	char ours[NAME_SIZE]; /* where it was, and where what it is exchanged with is meanwhile */
	struct timespec times[2];
	bool exchanged;
};

struct lent_names {
	struct lent_name *list;
	uint32_t n;
};

static void lent_names_free(struct lent_names *all)
{
	while (all->n)
		fd_close(&all->list[--all->n].dir_fd);
	free(all->list);
}

static int lend_name(struct lent_names *all, int sb_root_fd, int dir_fd, const char *name,
		     const char *ours)
{
	struct lent_name *list = realloc(all->list, (all->n + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	all->list = list;
	struct lent_name *new = &list[all->n];

	*new = (struct lent_name){ .dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3) };
	snprintf(new->name, sizeof(new->name), "%s", name);
	snprintf(new->ours, sizeof(new->ours), "%s", ours);
	int err = new->dir_fd < 0 ? -errno : look_at_times(dir_fd, new->times);

	if (err)
		return err;
	all->n++;
	if (renameat2(sb_root_fd, ours, dir_fd, name, RENAME_NOREPLACE) == 0)
		return 0;
	new->exchanged = true;
	return errno == EEXIST && renameat2(sb_root_fd, ours, dir_fd, name, RENAME_EXCHANGE) == 0
		       ? 0
		       : -errno;
}

/* The last one first. */
static int take_names_back(struct lent_names *all, int sb_root_fd)
{
	for (uint32_t i = all->n; i-- > 0;) {
		struct lent_name *at = &all->list[i];
		struct stat stat;

		if (fstatat(at->dir_fd, at->name, &stat, AT_SYMLINK_NOFOLLOW) < 0 ||
		    unlinkat(at->dir_fd, at->name, S_ISDIR(stat.st_mode) ? AT_REMOVEDIR : 0) < 0)
			return -errno;
		if (at->exchanged &&
		    renameat2(sb_root_fd, at->ours, at->dir_fd, at->name, RENAME_NOREPLACE) < 0)
			return -errno;
		if (utimensat(at->dir_fd, ".", at->times, 0) < 0)
			return -errno;
	}
	return 0;
}

/* Into the directory of that name, made if there is none. Return: 0 or a negative errno. */
static int descend(struct lent_names *all, const struct unlinked_root *root, int sb_root_fd,
		   int *at, const char *name)
{
	int next = openat(*at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char ours[NAME_SIZE];

	if (next < 0) {
		snprintf(ours, sizeof(ours), "%.40s/%u", root->own_dir, all->n);
		int err = mkdirat(sb_root_fd, ours, 0700) < 0
				  ? -errno
				  : lend_name(all, sb_root_fd, *at, name, ours);

		if (err)
			return err;
		next = openat(*at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	if (next < 0)
		return -errno;
	fd_close(at);
	*at = next;
	return 0;
}

/* Down the path that the root had, to its name. */
static int give_name(struct lent_names *all, const struct unlinked_root *root, int sb_root_fd)
{
	cleanup_fd int at = openat(sb_root_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *path = root->m->root + strspn(root->m->root, "/");
	int err = at < 0 ? -errno : 0;

	while (!err) {
		size_t n = strcspn(path, "/");
		cleanup_free char *name = strndup(path, n);

		if (!name)
			return -ENOMEM;
		if (!path[n])
			return lend_name(all, sb_root_fd, at, name, root->path);
		err = descend(all, root, sb_root_fd, &at, name);
		path += n + strspn(path + n, "/");
	}
	return err;
}

static int delete_root(const struct unlinked_root *root, int sb_root_fd)
{
	cleanup(lent_names_free) struct lent_names all = { 0 };
	int err = give_name(&all, root, sb_root_fd);

	if (!err)
		err = take_names_back(&all, sb_root_fd);
	if (!err && unlinkat(sb_root_fd, root->own_dir, AT_REMOVEDIR) < 0)
		err = -errno;
	return err ? log_error(err, "cannot delete '%s', the root of mount %u '%s'", root->m->root,
			       root->m->id, root->m->mountpoint)
		   : 0;
}

/* In the child. All of their directories are in one directory; the first root has its times. */
static int delete_roots(const struct build *b, uint32_t first)
{
	int sb_root_fd = b->sb_root_fds[first], err = 0;
	const struct unlinked_root *oldest = NULL;

	if (setns(b->callers_ns_fd, CLONE_NEWNS) < 0)
		return log_error(-errno, "cannot go back to the caller's namespace");
	err = fs_become_owner(b, sb_root_fd);
	if (err)
		return log_error(err, "cannot become the owner of mount %u '%s'",
				 b->tree->mounts[first].id, b->tree->mounts[first].mountpoint);
	for (uint32_t i = table_get(&b->unlinked.by_first, first); i != TABLE_NONE && !err;
	     i = oldest->before) {
		oldest = &b->unlinked.list[i];
		err = delete_root(oldest, sb_root_fd);
	}
	if (!err && oldest && utimensat(sb_root_fd, ".", oldest->times, 0) < 0)
		err = log_error(-errno, "cannot set the times of mount %u '%s'", oldest->m->id,
				oldest->m->mountpoint);
	return err;
}

int fs_unlinked_delete(struct build *b, uint32_t first)
{
	pid_t pid = child_fork();

	if (pid == 0)
		_exit(delete_roots(b, first) ? 1 : 0);
	if (pid < 0)
		return log_error(pid, "cannot fork");
	return child_wait(pid, NULL) ? -EIO : 0;
}
