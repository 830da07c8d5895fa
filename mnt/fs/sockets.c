// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The sockets of a tmpfs. No archive can hold one: their inodes are made again from the records,
 * when all else is there: unconnected, but for those that a plugin took at dump.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "mnt/fs/fs.h"
#include "mnt/ipc/mount-log.h"

struct sockets {
	struct hooks_host *host;
	const struct mount *mount;
	const struct mount_contents *contents;
	int root_fd;
	bool logged;	       /* the error was a plugin's */
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

/* A name longer than an address may be is given afterwards. */
static int bind_here(int fd, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	bool fits = strlen(name) < sizeof(address.sun_path);
	const char *bound = fits ? name : address.sun_path;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s",
		 fits ? name : ".rebind-socket-that-is-to-get-its-name");
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return bound != name && rename(bound, name) < 0 ? -errno : 0;
}

static bool is_unix_socket(int fd)
{
	int domain = 0;
	socklen_t size = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

/* Return: 0, -ENOTSUP if no plugin restores it, or another negative errno. */
static int bind_live(struct sockets *s, const struct mount_socket *socket, const char *name)
{
	cleanup_fd int fd = -EBADF;
	struct mount_log log;

	if (!s->host)
		return -ENOTSUP;
	mount_log_begin(&log, s->mount);
	int err =
		hooks_restore_fd(s->host, CR_PLUGIN_HOOK__RESTORE_UNIX_SK, (int)socket->inode, &fd);

	mount_log_end(&log);
	s->logged = err && err != -ENOTSUP;
	if (err)
		return err;
	err = is_unix_socket(fd) ? bind_here(fd, name) : -ENOTSOCK;
	s->logged = err == -EINVAL || err == -ENOTSOCK;
	if (s->logged)
		return log_error(
			-EPROTO,
			"plugins: RESTORE_UNIX_SK for %d, the socket '%s' in mount %u '%s', returned %s",
			(int)socket->inode, socket->path, s->mount->id, s->mount->mountpoint,
			err == -EINVAL ? "a socket that is bound already" : "no unix socket");
	return err;
}

static int make_node(struct sockets *s, const struct mount_socket *socket, const char *name)
{
	int err = socket->with_plugin ? bind_live(s, socket, name) : -ENOTSUP;

	if (err != -ENOTSUP)
		return err;
	if (socket->with_plugin)
		log_warn(
			"the socket '%s' in mount %u '%s' is unconnected: a plugin took it at dump, and "
			"none restores it (RESTORE_UNIX_SK, -L)",
			socket->path, s->mount->id, s->mount->mountpoint);
	return mknod(name, S_IFSOCK | (socket->mode & 07777), 0) < 0 ? -errno : 0;
}

/* In its directory: before 6.13 no call that sets an attribute takes a directory and a name. */
static int make_here(struct sockets *s, const struct mount_socket *socket, const char *name)
{
	struct timespec times[2] = { timespec_of(&socket->atime), timespec_of(&socket->mtime) };
	mode_t mode = socket->mode & 07777;

	int err = make_node(s, socket, name);

	if (err)
		return err;
	if (lchown(name, socket->uid, socket->gid) < 0)
		return -errno;
	/* What it inherited of the directory's default ACL. */
	if (lremovexattr(name, "system.posix_acl_access") < 0 && errno != ENODATA &&
	    errno != EOPNOTSUPP)
		return -errno;
	if (chmod(name, mode) < 0)
		return -errno;
	err = set_attributes(s->contents, socket, name);

	if (!err && socket->has_times && utimensat(AT_FDCWD, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		err = -errno;
	return err;
}

static int make_inode(struct sockets *s, const struct mount_socket *socket, int dir_fd,
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

int fs_sockets_make(struct hooks_host *host, const struct mount *m,
		    const struct mount_contents *contents, int fd)
{
	cleanup(sockets_free) struct sockets s = {
		.host = host,
		.mount = m,
		.contents = contents,
		.root_fd = fd,
	};

	for (uint32_t i = 0; contents && i < contents->n_sockets; i++) {
		int err = make_socket(&s, i);

		if (err)
			return s.logged
				       ? err
				       : log_error(err,
						   "cannot make the socket '%s' in mount %u '%s'",
						   contents->sockets[i].path, m->id, m->mountpoint);
	}
	return 0;
}
