// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The sockets of a tmpfs. No archive can hold one: their inodes are made again from the records,
 * unconnected, when all else is there.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "mnt/fs/fs.h"

struct sockets {
	const struct mount_contents *contents;
	int root_fd;
	struct table by_inode; /* -> index of the first with this inode */
};

static struct timespec timespec_of(const struct mount_time *t)
{
	return (struct timespec){ .tv_sec = t->seconds, .tv_nsec = t->nanoseconds };
}

/* The directory of a path, and its last name. */
static int open_parent(int root_fd, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *dir = strndup(path, slash ? (size_t)(slash - path) : 0);

	*ret_name = slash ? slash + 1 : path;
	return dir ? path_open_beneath(root_fd, dir) : -ENOMEM;
}

static int set_attributes(const struct mount_contents *contents, const struct mount_socket *socket,
			  const char *name)
{
	for (uint32_t i = 0; i < socket->n_attributes; i++) {
		const struct mount_attribute *a =
			&contents->attributes[socket->first_attribute + i];

		if (lsetxattr(name, a->name, a->value, a->size, 0) < 0)
			return -errno;
	}
	return 0;
}

/* In its directory: before 6.13 no call that sets an attribute takes a directory and a name. */
static int make_here(const struct sockets *s, const struct mount_socket *socket, const char *name)
{
	struct timespec times[2] = { timespec_of(&socket->atime), timespec_of(&socket->mtime) };
	mode_t mode = socket->mode & 07777;

	if (mknod(name, S_IFSOCK | mode, 0) < 0 || lchown(name, socket->uid, socket->gid) < 0)
		return -errno;
	/* What it inherited of the directory's default ACL. */
	if (lremovexattr(name, "system.posix_acl_access") < 0 && errno != ENODATA &&
	    errno != EOPNOTSUPP)
		return -errno;
	if (chmod(name, mode) < 0)
		return -errno;
	int err = set_attributes(s->contents, socket, name);

	if (!err && socket->has_times && utimensat(AT_FDCWD, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		err = -errno;
	return err;
}

static int make_inode(const struct sockets *s, const struct mount_socket *socket, int dir_fd,
		      const char *name)
{
	cleanup_fd int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (before < 0 || fchdir(dir_fd) < 0)
		return -errno;
	int err = make_here(s, socket, name);

	return fchdir(before) < 0 && !err ? -errno : err;
}

static int make_link(const struct sockets *s, const char *target, int dir_fd, const char *name)
{
	const char *target_name;
	cleanup_fd int target_dir = open_parent(s->root_fd, target, &target_name);

	if (target_dir < 0)
		return target_dir;
	return linkat(target_dir, target_name, dir_fd, name, 0) < 0 ? -errno : 0;
}

/* The inode, or another name of one that was made. */
static int make_name(struct sockets *s, uint32_t i, int dir_fd, const char *name)
{
	const struct mount_socket *socket = &s->contents->sockets[i];
	uint32_t first = socket->inode ? table_get(&s->by_inode, socket->inode) : TABLE_NONE;

	if (first != TABLE_NONE)
		return make_link(s, s->contents->sockets[first].path, dir_fd, name);
	int err = make_inode(s, socket, dir_fd, name);

	return err || !socket->inode ? err : table_put(&s->by_inode, socket->inode, i, NULL);
}

static int make_socket(struct sockets *s, uint32_t i)
{
	const char *name;
	cleanup_fd int dir_fd = open_parent(s->root_fd, s->contents->sockets[i].path, &name);
	struct stat before;

	if (dir_fd < 0)
		return dir_fd;
	if (fstat(dir_fd, &before) < 0)
		return -errno;
	int err = make_name(s, i, dir_fd, name);

	if (err)
		return err;
	/* The directory had its times already. */
	struct timespec times[2] = { before.st_atim, before.st_mtim };
	cleanup_fd int own = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return own < 0 || futimens(own, times) < 0 ? -errno : 0;
}

static void sockets_free(struct sockets *s)
{
	table_free(&s->by_inode);
}

int fs_sockets_make(const struct mount *m, const struct mount_contents *contents, int fd)
{
	cleanup(sockets_free) struct sockets s = { .contents = contents, .root_fd = fd };

	for (uint32_t i = 0; contents && i < contents->n_sockets; i++) {
		int err = make_socket(&s, i);

		if (err)
			return log_error(err, "cannot make the socket '%s' in mount %u '%s'",
					 contents->sockets[i].path, m->id, m->mountpoint);
	}
	return 0;
}
