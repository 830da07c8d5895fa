// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Theory of operation
 *
 * A mount whose root was deleted cannot be attached: the root has to be there, with a name, until
 * all its mounts stand, and is deleted then. It is made in a directory of its own with a name that
 * nobody has, so that nothing is in its way. Only when it is deleted does it get the name under
 * which the kernel shall show it, for as long as that takes: what bears this name by then is
 * exchanged with it, and exchanged back. Directories on the way that are gone as well are made and
 * deleted likewise.
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

struct gone {
	uint32_t first;	 /* of its superblock */
	uint32_t before; /* the one before it, of the same, or TABLE_NONE */
	const struct mount *m;
	char room[NAME_SIZE];	  /* the directory of its own */
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
static const struct gone *find(const struct build *b, const struct mount *m, uint64_t *ret_key)
{
	for (*ret_key = root_key(m);; ++*ret_key) {
		uint32_t i = table_get(&b->gone.by_root, *ret_key);
		const struct gone *gone = i == TABLE_NONE ? NULL : &b->gone.list[i];

		if (!gone ||
		    (inode_key(gone->m) == inode_key(m) && strcmp(gone->m->root, m->root) == 0))
			return gone;
	}
}

static int find_keepers(struct build *b)
{
	int err = 0;

	for (uint32_t i = 0; i < b->tree->n && !err; i++)
		if (b->tree->mounts[i].deleted && !contents_are_elsewhere(&b->tree->mounts[i]))
			err = table_put(&b->gone.keepers, inode_key(&b->tree->mounts[i]), i, NULL);
	b->gone.has_keepers = true;
	return err;
}

int fs_deleted_kept_by(struct build *b, const struct mount *m, const struct mount **ret)
{
	int err = b->gone.has_keepers ? 0 : find_keepers(b);
	bool known = m->contents && m->contents->inode;
	uint32_t i = known && !err ? table_get(&b->gone.keepers, inode_key(m)) : TABLE_NONE;

	*ret = !contents_are_elsewhere(m) ? m : i == TABLE_NONE ? NULL : &b->tree->mounts[i];
	return err;
}

static struct gone *add(struct build *b, uint32_t i, uint64_t key)
{
	struct build_gone *all = &b->gone;

	if ((all->n & (all->n - 1)) == 0) {
		size_t room = all->n ? 2 * (size_t)all->n : 1;
		struct gone *list = realloc(all->list, room * sizeof(*list));

		if (!list)
			return NULL;
		all->list = list;
	}
	const struct mount *m = &b->tree->mounts[i];
	uint32_t first = tree_first_of_superblock(b->tree, m), before;

	if (table_put(&all->by_root, key, all->n, NULL) ||
	    table_put(&all->by_first, first, all->n, &before))
		return NULL;
	all->list[all->n] = (struct gone){ .first = first, .before = before, .m = m };
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

static int make_room(struct gone *gone, int giver)
{
	int err = look_at_times(giver, gone->times);

	for (int i = 0; i < TRIES && !err; i++) {
		snprintf(gone->room, sizeof(gone->room), ".rebind-deleted-%u-%d", gone->m->id, i);
		snprintf(gone->path, sizeof(gone->path), "%.40s/" ARCHIVE_ONE_NAME, gone->room);
		if (mkdirat(giver, gone->room, 0700) == 0)
			return 0;
		if (errno != EEXIST)
			err = -errno;
	}
	return err ? err : -EEXIST;
}

/* CRIU's records do not tell: it is what it is mounted on. */
static bool is_file(struct build *b, uint32_t i)
{
	struct mount *m = &b->tree->mounts[i];
	struct stat stat;

	if (m->kind == MOUNT_KIND_UNKNOWN) {
		cleanup_fd int place =
			path_open_beneath(b->fds[m->parent], tree_relative(b->tree, m));

		m->kind = place >= 0 && fstat(place, &stat) == 0 && !S_ISDIR(stat.st_mode)
				  ? MOUNT_KIND_FILE
				  : MOUNT_KIND_DIRECTORY;
	}
	return m->kind == MOUNT_KIND_FILE;
}

static int make_empty(int giver, const char *path, bool file)
{
	if (!file)
		return mkdirat(giver, path, 0755) < 0 ? -errno : 0;
	return mknodat(giver, path, S_IFREG | 0644, 0) < 0 ? -errno : 0;
}

/* Another name for what is there already. */
static int make_link(int giver, const char *from, const char *path)
{
	cleanup_fd int fd = path_open_beneath(giver, from);

	return fd < 0 ? fd : linkat(fd, "", giver, path, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

/* A directory's archive holds "./" alone, that of anything else one name. */
static int unpack(struct build *b, const struct gone *gone, const struct mount *kept, int giver,
		  bool file)
{
	int err = file ? 0 : make_empty(giver, gone->path, false);
	cleanup_fd int dir = err ? err : path_open_beneath(giver, file ? gone->room : gone->path);

	if (dir < 0)
		return log_error(dir, "cannot make the deleted root of mount %u '%s'", gone->m->id,
				 gone->m->mountpoint);
	err = fs_unpack(b, kept, kept->contents, dir, NULL);
	return err ? err : fs_sockets_make(b->host, kept, kept->contents, dir);
}

static int make_plain(struct build *b, uint32_t i, const struct gone *gone, int giver)
{
	const struct mount *m = gone->m;
	int err = m->contents && m->contents->link ? make_link(giver, m->contents->link, gone->path)
						   : make_empty(giver, gone->path, is_file(b, i));

	return err ? log_error(err, "cannot make the deleted root of mount %u '%s'", m->id,
			       m->mountpoint)
		   : 0;
}

static int make(struct build *b, uint32_t i, const struct gone *gone, int giver)
{
	const struct mount *m = gone->m;
	bool known = m->contents && m->contents->inode;
	uint32_t same = known ? table_get(&b->gone.by_inode, inode_key(m)) : TABLE_NONE;
	uint32_t keeper = known			      ? table_get(&b->gone.keepers, inode_key(m))
			  : contents_are_elsewhere(m) ? TABLE_NONE
						      : i;
	int err = 0;

	if (same == TABLE_NONE) {
		if (known)
			err = table_put(&b->gone.by_inode, inode_key(m), b->gone.n - 1, NULL);
		if (err || keeper == TABLE_NONE)
			return err ? err : make_plain(b, i, gone, giver);
		return unpack(b, gone, &b->tree->mounts[keeper], giver, is_file(b, i));
	}
	err = make_link(giver, b->gone.list[same].path, gone->path);
	return err ? log_error(err, "cannot make the deleted root of mount %u '%s'", m->id,
			       m->mountpoint)
		   : 0;
}

int fs_deleted_make(struct build *b, uint32_t i)
{
	const struct mount *m = &b->tree->mounts[i];
	int giver = b->givers[tree_first_of_superblock(b->tree, m)];
	int err = b->gone.has_keepers ? 0 : find_keepers(b);
	uint64_t key;

	if (!err && find(b, m, &key))
		return 0;
	struct gone *gone = err ? NULL : add(b, i, key);

	if (!gone)
		return log_error(-ENOMEM, "cannot make the deleted root of mount %u '%s'", m->id,
				 m->mountpoint);
	err = fs_become_owner(b, giver);
	if (!err)
		err = make_room(gone, giver);
	if (err)
		return log_error(err, "cannot make room for the deleted root of mount %u '%s'",
				 m->id, m->mountpoint);
	err = make(b, i, gone, giver);
	int back = fs_become_ourselves(b);

	return err ? err : back;
}

int fs_deleted_open(const struct build *b, uint32_t i)
{
	uint64_t key;
	const struct gone *gone = find(b, &b->tree->mounts[i], &key);

	return gone ? path_open_beneath(b->givers[gone->first], gone->path) : -ENOENT;
}

/* ---- giving it its name, and deleting it ---- */

/* One name on the way to the root: what is ours, and bears it for a while. */
struct bearer {
	int dir_fd;
	char name[256];
	char ours[NAME_SIZE]; /* where it was, and where what it is exchanged with is meanwhile */
	struct timespec times[2];
	bool exchanged;
};

struct bearers {
	struct bearer *list;
	uint32_t n;
};

static void bearers_free(struct bearers *all)
{
	while (all->n)
		fd_close(&all->list[--all->n].dir_fd);
	free(all->list);
}

static int bear(struct bearers *all, int giver, int dir_fd, const char *name, const char *ours)
{
	struct bearer *list = realloc(all->list, (all->n + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	all->list = list;
	struct bearer *new = &list[all->n];

	*new = (struct bearer){ .dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3) };
	snprintf(new->name, sizeof(new->name), "%s", name);
	snprintf(new->ours, sizeof(new->ours), "%s", ours);
	int err = new->dir_fd < 0 ? -errno : look_at_times(dir_fd, new->times);

	if (err)
		return err;
	all->n++;
	if (renameat2(giver, ours, dir_fd, name, RENAME_NOREPLACE) == 0)
		return 0;
	new->exchanged = true;
	return errno == EEXIST && renameat2(giver, ours, dir_fd, name, RENAME_EXCHANGE) == 0
		       ? 0
		       : -errno;
}

/* The last one first. */
static int unbear(struct bearers *all, int giver)
{
	for (uint32_t i = all->n; i-- > 0;) {
		struct bearer *at = &all->list[i];
		struct stat stat;

		if (fstatat(at->dir_fd, at->name, &stat, AT_SYMLINK_NOFOLLOW) < 0 ||
		    unlinkat(at->dir_fd, at->name, S_ISDIR(stat.st_mode) ? AT_REMOVEDIR : 0) < 0)
			return -errno;
		if (at->exchanged &&
		    renameat2(giver, at->ours, at->dir_fd, at->name, RENAME_NOREPLACE) < 0)
			return -errno;
		if (utimensat(at->dir_fd, ".", at->times, 0) < 0)
			return -errno;
	}
	return 0;
}

/* Into the directory of that name, made if there is none. Return: 0 or a negative errno. */
static int descend(struct bearers *all, const struct gone *gone, int giver, int *at,
		   const char *name)
{
	int next = openat(*at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char ours[NAME_SIZE];

	if (next < 0) {
		snprintf(ours, sizeof(ours), "%.40s/%u", gone->room, all->n);
		int err =
			mkdirat(giver, ours, 0700) < 0 ? -errno : bear(all, giver, *at, name, ours);

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
static int give_name(struct bearers *all, const struct gone *gone, int giver)
{
	cleanup_fd int at = openat(giver, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *path = gone->m->root + strspn(gone->m->root, "/");
	int err = at < 0 ? -errno : 0;

	while (!err) {
		size_t n = strcspn(path, "/");
		cleanup_free char *name = strndup(path, n);

		if (!name)
			return -ENOMEM;
		if (!path[n])
			return bear(all, giver, at, name, gone->path);
		err = descend(all, gone, giver, &at, name);
		path += n + strspn(path + n, "/");
	}
	return err;
}

static int delete_one(const struct gone *gone, int giver)
{
	cleanup(bearers_free) struct bearers all = { 0 };
	int err = give_name(&all, gone, giver);

	if (!err)
		err = unbear(&all, giver);
	if (!err && unlinkat(giver, gone->room, AT_REMOVEDIR) < 0)
		err = -errno;
	return err ? log_error(err, "cannot delete '%s', the root of mount %u '%s'", gone->m->root,
			       gone->m->id, gone->m->mountpoint)
		   : 0;
}

/* In the child. The directories of all of them are in one, whose times the first one has seen. */
static int delete_all(const struct build *b, uint32_t first)
{
	int giver = b->givers[first], err = 0;
	const struct gone *oldest = NULL;

	if (setns(b->callers_ns_fd, CLONE_NEWNS) < 0)
		return log_error(-errno, "cannot go back to the caller's namespace");
	err = fs_become_owner(b, giver);
	if (err)
		return log_error(err, "cannot become the owner of mount %u '%s'",
				 b->tree->mounts[first].id, b->tree->mounts[first].mountpoint);
	for (uint32_t i = table_get(&b->gone.by_first, first); i != TABLE_NONE && !err;
	     i = oldest->before) {
		oldest = &b->gone.list[i];
		err = delete_one(oldest, giver);
	}
	if (!err && oldest && utimensat(giver, ".", oldest->times, 0) < 0)
		err = log_error(-errno, "cannot set the times of mount %u '%s'", oldest->m->id,
				oldest->m->mountpoint);
	return err;
}

int fs_deleted_delete(struct build *b, uint32_t first)
{
	pid_t pid = child_fork();

	if (pid == 0)
		_exit(delete_all(b, first) ? 1 : 0);
	if (pid < 0)
		return log_error(pid, "cannot fork");
	return child_wait(pid, NULL) ? -EIO : 0;
}
