// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The way below what is stacked on a namespace's root: a process that has its root there. No other
 * is known that leaves the namespace as it is: "..", a copy, a clone, all of them start on top.
 */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/child.h"
#include "mnt/scan/process.h"
#include "mnt/scan/scan.h"

#define DEPTH_MAX 4096 /* of directories: no path has more */

static bool same_place(int left, int right)
{
	struct sys_mount_stat l, r;

	return sys_mount_stat(left, "", AT_EMPTY_PATH, &l) == 0 &&
	       sys_mount_stat(right, "", AT_EMPTY_PATH, &r) == 0 && sys_same_place(&l, &r);
}

static bool is_mount(int fd)
{
	struct sys_mount_stat stat;

	return sys_mount_stat(fd, "", AT_EMPTY_PATH, &stat) == 0 && stat.is_mount_root;
}

/* Is there a line for this mount? */
static bool lists(int mountinfo_fd, uint32_t id)
{
	cleanup_free char *text = NULL;
	size_t size, n;
	char line[16];

	if (fd_slurp(mountinfo_fd, &text, &size))
		return false;
	n = (size_t)snprintf(line, sizeof(line), "\n%u ", id);
	return (size >= n - 1 && memcmp(text, line + 1, n - 1) == 0) || memmem(text, size, line, n);
}

/* The mountinfo of a process with this root. */
static int mountinfo_from(int self_fd, int root_fd)
{
	if (fchdir(root_fd) < 0 || chroot(".") < 0)
		return -errno;
	int fd = openat(self_fd, "mountinfo", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/*
 * Walk up from a root, and try each mount root on the way as the root of this process. Send the
 * mountinfo of the first that lists the topmost mount of the namespace: it shows all that is below.
 */
static int send_mountinfo(int self_fd, int root_fd, int sock)
{
	cleanup_fd int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int at = fcntl(root_fd, F_DUPFD_CLOEXEC, 3);
	struct sys_mount_stat stat;
	int err = sys_mount_stat(top, "", AT_EMPTY_PATH | SYS_STAT_OLD_ID, &stat);

	for (int i = 0; !err && at >= 0 && !same_place(at, top) && i < DEPTH_MAX; i++) {
		cleanup_fd int text = is_mount(at) ? mountinfo_from(self_fd, at) : -EBADF;

		if (text >= 0 && lists(text, stat.old_id))
			return fd_send(sock, "m", 1, text);
		if (text >= 0 && (fchdir(top) < 0 || chroot(".") < 0))
			return -errno;
		int above = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		fd_close(&at);
		at = above;
	}
	return err ? err : -ENOENT;
}

/* In a child: mountinfo is that of the process that opens it. */
static int enter_and_send(const struct scan_target *target, int root_fd, int sock)
{
	cleanup_fd int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (self < 0 || setns(target->ns_fd, CLONE_NEWNS) < 0)
		return -errno;
	return send_mountinfo(self, root_fd, sock);
}

/* Return: 1 if that root shows more, 0 if not, or a negative errno. */
static int see_from(struct scan_target *target, int root_fd)
{
	cleanup_fd int sock = -EBADF;
	cleanup_child pid_t pid = child_fork_socket(&sock);
	int fd = -EBADF;
	char word;

	if (pid == 0)
		_exit(enter_and_send(target, root_fd, sock) ? 1 : 0);
	if (pid < 0)
		return pid;
	if (fd_recv(sock, &word, 1, &fd) != 1 || fd < 0)
		return 0;
	fd_close(&target->mountinfo_fd);
	target->mountinfo_fd = fd;
	return 1;
}

static int root_of(const char *pid)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%.20s/root", pid);
	return open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool lives_in(const char *pid, const struct stat *ns)
{
	char name[64];
	struct stat its;

	snprintf(name, sizeof(name), "/proc/%.20s/ns/mnt", pid);
	return stat(name, &its) == 0 && its.st_dev == ns->st_dev && its.st_ino == ns->st_ino;
}

int scan_next_inside(DIR *proc, int ns_fd, const char **ret_pid)
{
	const struct dirent *entry;
	struct stat ns;
	int more;

	if (fstat(ns_fd, &ns) < 0)
		return -errno;
	while ((more = fd_next_entry(proc, &entry)) > 0)
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' &&
		    lives_in(entry->d_name, &ns))
			break;
	if (more > 0)
		*ret_pid = entry->d_name;
	return more;
}

/* Any process of the namespace that can see more. */
static int see_from_any(struct scan_target *target)
{
	cleanup_dirp DIR *dir = opendir("/proc");
	const char *pid;
	int seen = 0, more = 0;

	if (!dir)
		return -errno;
	while (!seen && (more = scan_next_inside(dir, target->ns_fd, &pid)) > 0) {
		cleanup_fd int root = root_of(pid);

		if (root >= 0 && !same_place(root, target->root_fd))
			seen = see_from(target, root);
	}
	return seen ? seen : more;
}

/* Is it the root of a mount that is, or was, the root of the tree, or is stacked on it? */
static bool is_root_of_tree(const struct mount_tree *tree, const struct sys_mount_stat *stat)
{
	if (!stat->is_mount_root)
		return false;
	for (uint32_t i = tree->root; i != MOUNT_NONE; i = tree_covering(tree, i))
		if (scan_is_mount(&tree->mounts[i], stat))
			return true;
	return false;
}

int scan_other_root(const struct mount_tree *tree, pid_t pid, char **ret_path)
{
	struct sys_mount_stat stat;
	char text[16], name[64];

	*ret_path = NULL;
	snprintf(text, sizeof(text), "%d", (int)pid);
	cleanup_fd int root = root_of(text);

	if (root < 0 || sys_mount_stat(root, "", AT_EMPTY_PATH | scan_stat_flags(tree), &stat) ||
	    is_root_of_tree(tree, &stat))
		return 0;
	cleanup_free char *path = malloc(PATH_MAX);

	snprintf(name, sizeof(name), "/proc/%d/root", (int)pid);
	ssize_t n = path ? readlink(name, path, PATH_MAX - 1) : -1;

	if (n < 0)
		return path ? 0 : -ENOMEM;
	path[n] = '\0';
	*ret_path = path;
	path = NULL;
	return 1;
}

int scan_from_root(struct scan_target *target, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	cleanup_fd int root = pid ? root_of(text) : -EBADF;

	/* The usual case, and a process that is gone. */
	if (pid && (root < 0 || same_place(root, target->root_fd)))
		return 0;
	int seen = pid ? see_from(target, root) : 0;

	if (!seen)
		seen = see_from_any(target);
	return seen < 0 ? seen : 0;
}

int scan_from_root_fd(struct scan_target *target, int root_fd)
{
	int seen = same_place(root_fd, target->root_fd) ? 0 : see_from(target, root_fd);

	return seen < 0 ? seen : 0;
}
