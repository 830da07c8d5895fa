// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/path.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/sys.h"

/*
 * Without openat2 (seccomp profiles answer ENOSYS): component by component. O_NOFOLLOW|O_PATH
 * opens a symlink, so each component's type is looked at, and its mount compared.
 * @mount: 0 for any
 */
static int step_beneath(int dir_fd, const char *name, uint64_t mount, int *ret_fd)
{
	struct sys_mount_stat stat;
	cleanup_fd int fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	int err = sys_mount_stat(fd, "", AT_EMPTY_PATH, &stat);

	if (err)
		return err;
	if (S_ISLNK(stat.mode))
		return -ELOOP;
	if (mount && (stat.unique_id ? stat.unique_id : stat.old_id) != mount)
		return -EXDEV;
	*ret_fd = fd_take(&fd);
	return 0;
}

static int walk_beneath(int dir_fd, const char *path, bool cross)
{
	struct sys_mount_stat stat;
	char name[NAME_MAX + 1];
	cleanup_fd int at = openat(dir_fd, ".", O_PATH | O_CLOEXEC);
	int err = at < 0 ? -errno : sys_mount_stat(at, "", AT_EMPTY_PATH, &stat);
	uint64_t mount = err || cross ? 0 : stat.unique_id ? stat.unique_id : stat.old_id;

	for (path += strspn(path, "/"); !err && *path; path += strspn(path, "/")) {
		size_t n = strcspn(path, "/");
		int next = -EBADF;

		if (n > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, path, n);
		name[n] = '\0';
		err = step_beneath(at, name, mount, &next);
		if (!err) {
			fd_close(&at);
			at = next;
		}
		path += n;
	}
	/* What a slash follows must be a directory. */
	if (!err && path[-1] == '/' && faccessat(at, ".", F_OK, 0) < 0)
		err = -errno;
	return err ? err : fd_take(&at);
}

/* openat2 would allow ".." that stays inside; a place that was dumped has none. */
static bool climbs(const char *path)
{
	for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.')
			return true;
		path += n;
	}
	return false;
}

static int open_beneath(int dir_fd, const char *path, bool cross)
{
	const uint64_t resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
	const char *name = path + strspn(path, "/");
	int fd;

	/* The very place, which may be a file: "." would be ENOTDIR. */
	if (!*name)
		return (fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3)) < 0 ? -errno : fd;
	if (climbs(name))
		return -EXDEV;
	/* No O_NOFOLLOW: with O_PATH it would open a final symlink, not refuse it. */
	fd = sys_openat2(dir_fd, name, O_PATH | O_CLOEXEC,
			 cross ? resolve : resolve | RESOLVE_NO_XDEV);
	return fd == -ENOSYS ? walk_beneath(dir_fd, path, cross) : fd;
}

int path_open_beneath(int dir_fd, const char *path)
{
	return open_beneath(dir_fd, path, false);
}

int path_open_across(int dir_fd, const char *path)
{
	return open_beneath(dir_fd, path, true);
}

int path_open_link_beneath(int dir_fd, const char *path)
{
	const char *name = strrchr(path, '/');
	cleanup_free char *dir = name ? strndup(path, (size_t)(name - path)) : strdup("");
	struct sys_mount_stat below, stat;
	cleanup_fd int at = dir ? path_open_beneath(dir_fd, dir) : -ENOMEM;

	name = name ? name + 1 : path;
	if (at < 0 || climbs(name))
		return at < 0 ? at : -EXDEV;
	cleanup_fd int fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int err = fd < 0 ? -errno : sys_mount_stat(fd, "", AT_EMPTY_PATH, &stat);

	if (!err)
		err = sys_mount_stat(at, "", AT_EMPTY_PATH, &below);
	if (err)
		return err;
	if (stat.unique_id != below.unique_id || stat.old_id != below.old_id)
		return -EXDEV;
	return S_ISLNK(stat.mode) ? fd_take(&fd) : -EINVAL;
}

static int send_from_root(int root_fd, const char *path, int sock)
{
	if (fchdir(root_fd) < 0 || chroot(".") < 0)
		return -errno;
	cleanup_fd int fd = open(path, O_PATH | O_CLOEXEC);

	return fd < 0 ? -errno : fd_send(sock, "p", 1, fd);
}

static int open_from_root(int root_fd, const char *path)
{
	cleanup_fd int sock = -EBADF;
	int fd = -EBADF, answer;
	pid_t pid = child_fork_socket(&sock);

	if (pid == 0) {
		answer = send_from_root(root_fd, path, sock);
		if (answer)
			fd_send(sock, &answer, sizeof(answer), -1);
		_exit(0);
	}
	if (pid < 0)
		return pid;
	ssize_t n = fd_recv(sock, &answer, sizeof(answer), &fd);

	child_wait(pid, NULL);
	return n == 1 ? fd : n == sizeof(answer) ? answer : -EIO;
}

int path_open_in_root(int root_fd, const char *path)
{
	int fd = sys_openat2(root_fd, path, O_PATH | O_CLOEXEC,
			     RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);

	return fd == -ENOSYS ? open_from_root(root_fd, path) : fd;
}

void path_cache_forget(struct path_cache *cache)
{
	fd_close(&cache->fd);
	cache->dir = NULL;
}

int path_cache_open(struct path_cache *cache, int root_fd, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	size_t size = slash ? (size_t)(slash - path) : 0;

	*ret_name = slash ? slash + 1 : path;
	if (cache->fd >= 0 && cache->root_fd == root_fd && cache->size == size &&
	    memcmp(cache->dir, path, size) == 0)
		return cache->fd;
	/* Names right in the root need no other descriptor. */
	if (path[strspn(path, "/")] && path + strspn(path, "/") == *ret_name)
		return root_fd;
	cleanup_free char *dir = strndup(path, size);

	if (!dir)
		return -ENOMEM;
	path_cache_forget(cache);
	int fd = path_open_beneath(root_fd, dir);

	if (fd >= 0)
		*cache = (struct path_cache){
			.fd = fd, .root_fd = root_fd, .dir = path, .size = size
		};
	return fd;
}

const char *path_rest_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1 && dir[0] == '/')
		return path[1] ? path : path + 1;
	if (strncmp(path, dir, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return NULL;
	return path + n;
}

size_t path_dir_size(const char *path)
{
	return (size_t)(strrchr(path, '/') - path);
}

bool path_is_normal(const char *path)
{
	if (path[0] != '/')
		return false;
	if (!path[1])
		return true;
	while (*path) {
		size_t n = strcspn(++path, "/");

		if (n == 0 || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += n;
	}
	return true;
}

char *path_normalize(const char *path)
{
	char *out = malloc(strlen(path) + 2), *end = out;

	if (!out)
		return NULL;
	for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (end > out && *--end != '/')
				;
		} else if (n != 1 || path[0] != '.') {
			*end++ = '/';
			memcpy(end, path, n);
			end += n;
		}
		path += n;
	}
	if (end == out)
		*end++ = '/';
	*end = '\0';
	return out;
}

char *path_join(const char *dir, const char *rest)
{
	size_t n = strlen(dir);
	char *out;

	while (n && dir[n - 1] == '/')
		n--;
	rest += strspn(rest, "/");
	if (asprintf(&out, "%.*s%s%s", (int)n, dir, *rest || !n ? "/" : "", rest) < 0)
		return NULL;
	return out;
}

char *path_of_fd(int fd)
{
	char name[32], target[PATH_MAX + 1];
	ssize_t n = readlink(fd_proc_path(fd, name), target, sizeof(target) - 1);

	return n < 0 ? NULL : strndup(target, (size_t)n);
}

/* How many bytes a well-formed UTF-8 sequence at @p has; 0 for none. */
static size_t utf8_length(const unsigned char *p)
{
	size_t n = p[0] < 0x80			 ? 1
		   : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
		   : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
		   : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
						 : 0;

	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f) ||
	    (p[0] == 0xc2 && p[1] < 0xa0))
		return 0;
	return n;
}

char *path_printable(const char *path)
{
	char *out = malloc(strlen(path) * 4 + 1), *end = out;

	if (!out)
		return NULL;
	for (const unsigned char *p = (const unsigned char *)path; *p;) {
		size_t n = utf8_length(p);

		if (n == 0 || *p < 0x20 || *p == 0x7f || *p == '\\') {
			end += sprintf(end, "\\%03o", *p++);
			continue;
		}
		memcpy(end, p, n);
		end += n;
		p += n;
	}
	*end = '\0';
	return out;
}

bool path_holds_namespace(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == NSFS_MAGIC;
}
