// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which cgroup namespace a mount namespace belongs to. The kernel does not know: it is that of the
 * processes which are in it. And the roots of cgroup mounts as they are told from there.
 */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/ns.h"
#include "mnt/scan/process.h"
#include "mnt/scan/reader.h"
#include "mnt/scan/scan.h"

/* Return: 0 where no process is in it, or a negative errno. */
static pid_t first_inside(int ns_fd)
{
	cleanup_dirp DIR *proc = opendir("/proc");
	const char *name;
	pid_t first = 0;
	int more = 0;

	if (!proc)
		return -errno;
	while ((more = scan_next_inside(proc, ns_fd, &name)) > 0) {
		pid_t pid = (pid_t)atoi(name);

		if (!first || pid < first)
			first = pid;
	}
	return more < 0 ? more : first;
}

static int from_process(struct scan_target *target, pid_t pid)
{
	cleanup_fd int fd = ns_open(pid, "cgroup");

	if (fd < 0)
		return fd;
	if (!ns_is_own(fd, "cgroup"))
		target->cgroup_fd = fd_take(&fd);
	return 0;
}

int scan_from_cgroup(struct scan_target *target, pid_t pid)
{
	pid_t from = pid ? pid : first_inside(target->ns_fd);
	int err = from > 0 ? from_process(target, from) : from;

	/* One that was only found, and has ended, was not asked for. */
	return err == -ESRCH && !pid ? 0 : err;
}

/* ---- roots of cgroup mounts ---- */

static bool is_cgroup(const struct mount *m)
{
	return strncmp(m->fstype, "cgroup", 6) == 0;
}

bool scan_root_counts(const struct scan_target *target, const struct mount *m)
{
	return m->owner == MOUNT_INTERNAL && !mount_is_fsroot(m) &&
	       !(is_cgroup(m) && target->cgroup_fd >= 0);
}

static bool has_cgroups(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (is_cgroup(&tree->mounts[i]))
			return true;
	return false;
}

/* Of the mounts that can be asked about one by one, no other is read. */
static int read_again(struct scan_target *target, const struct mount_tree *tree,
		      enum scan_reader reader, struct mount_tree *ret)
{
	int err = 0;

	if (!tree->mounts[0].unique_id)
		return scan_read_table(target, reader, ret);
	for (uint32_t i = 0; i < tree->n && !err; i++)
		if (is_cgroup(&tree->mounts[i]))
			err = scan_statmount_add(target->ns_id, tree->mounts[i].unique_id, ret);
	return err;
}

static int send_cgroup_root(int sock, uint32_t index, const struct mount *m)
{
	char buf[sizeof(index) + PATH_MAX];
	size_t n = strnlen(m->root, PATH_MAX - 1);

	memcpy(buf, &index, sizeof(index));
	memcpy(buf + sizeof(index), m->root, n);
	return fd_send(sock, buf, sizeof(index) + n, -1);
}

/* In the child: read again from there, and send each cgroup's root with its index before it. */
static int send_cgroup_roots(struct scan_target *target, const struct mount_tree *tree,
			     enum scan_reader reader, int sock)
{
	cleanup_tree struct mount_tree again = { .root = MOUNT_NONE };
	int err = setns(target->cgroup_fd, CLONE_NEWCGROUP) < 0
			  ? -errno
			  : read_again(target, tree, reader, &again);
	uint32_t k = 0;

	for (uint32_t i = 0; i < tree->n && !err; i++) {
		if (!is_cgroup(&tree->mounts[i]))
			continue;
		while (k < again.n && again.mounts[k].id != tree->mounts[i].id)
			k++;
		err = k < again.n ? send_cgroup_root(sock, i, &again.mounts[k]) : -EAGAIN;
	}
	return err;
}

static int take_cgroup_roots(struct mount_tree *tree, int sock)
{
	char buf[sizeof(uint32_t) + PATH_MAX];
	ssize_t n;

	while ((n = fd_recv(sock, buf, sizeof(buf), NULL)) > (ssize_t)sizeof(uint32_t)) {
		uint32_t i;

		memcpy(&i, buf, sizeof(i));
		/* Another table than ours: the namespace changed. */
		if (i >= tree->n || !is_cgroup(&tree->mounts[i]))
			return -EAGAIN;
		tree->mounts[i].root =
			arena_copy(&tree->strings, buf + sizeof(i), (size_t)n - sizeof(i));
		if (!tree->mounts[i].root)
			return -ENOMEM;
	}
	return n < 0 ? (int)n : 0;
}

int scan_read_cgroup_roots(struct scan_target *target, enum scan_reader reader,
			   struct mount_tree *tree)
{
	if (!has_cgroups(tree))
		return 0;
	cleanup_fd int sock = -EBADF;
	cleanup_child pid_t pid = child_fork_socket(&sock);

	if (pid == 0)
		_exit(send_cgroup_roots(target, tree, reader, sock) ? 1 : 0);
	if (pid < 0)
		return pid;
	int err = take_cgroup_roots(tree, sock);

	if (err)
		return err;
	err = child_wait(pid, NULL);
	pid = 0;
	return err == -ECHILD ? -EAGAIN : err;
}
