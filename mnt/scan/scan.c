// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/scan/scan.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "base/ns.h"
#include "base/sys.h"
#include "mnt/scan/option-ids.h"
#include "mnt/scan/reader.h"
#include "model/flags.h"

#define TRIES 3

#ifndef ST_NOSYMFOLLOW
#define ST_NOSYMFOLLOW 0x2000
#endif

void scan_close(struct scan_target *target)
{
	fd_close(&target->ns_fd);
	fd_close(&target->root_fd);
	fd_close(&target->mountinfo_fd);
	fd_close(&target->cgroup_fd);
}

const struct scan_target *scan_target_of(const struct scan_target *target, const struct mount *m)
{
	const struct scan_target *t = target;

	while (t && t->ns != m->ns)
		t = t->next;
	return t ? t : target;
}

int scan_reader_named(const char *name, enum scan_reader *ret)
{
	if (!name)
		*ret = SCAN_BEST;
	else if (strcmp(name, "statmount") == 0)
		*ret = SCAN_STATMOUNT;
	else if (strcmp(name, "mountinfo") == 0)
		*ret = SCAN_MOUNTINFO;
	else
		return -EINVAL;
	return 0;
}

int scan_ns_of_pid(pid_t pid)
{
	return ns_open(pid, "mnt");
}

const char *scan_of_zombie(pid_t pid, int err)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
	return err == -ESRCH && access(name, F_OK) == 0
		       ? " (a zombie: it has ended, and has no namespaces any more)"
		       : "";
}

/* In the child: enter, and send the root and the mountinfo that belongs to it. */
static int visit(int ns_fd, int sock)
{
	cleanup_fd int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (self < 0 || setns(ns_fd, CLONE_NEWNS) < 0)
		return -errno;
	cleanup_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int mountinfo = openat(self, "mountinfo", O_RDONLY | O_CLOEXEC);

	if (root < 0 || mountinfo < 0)
		return -errno;
	int err = fd_send(sock, "r", 1, root);

	return err ? err : fd_send(sock, "m", 1, mountinfo);
}

static pid_t send_visitor(int ns_fd, int *ret_sock)
{
	pid_t pid = child_fork_socket(ret_sock);

	if (pid == 0) {
		int err = visit(ns_fd, *ret_sock);

		if (err)
			fd_send(*ret_sock, &err, sizeof(err), -1);
		_exit(err ? 1 : 0);
	}
	return pid;
}

/* A message of one byte brings a descriptor, a longer one the visitor's errno. */
static int receive(int sock, int *ret_fd)
{
	int err = -EIO;
	char buf[sizeof(err)];
	ssize_t n = fd_recv(sock, buf, sizeof(buf), ret_fd);

	if (n == sizeof(err))
		memcpy(&err, buf, sizeof(err));
	return n == 1 && *ret_fd >= 0 ? 0 : n < 0 ? (int)n : err;
}

int scan_open(int ns_fd, struct scan_target *ret)
{
	cleanup_target struct scan_target target = SCAN_TARGET_NONE;
	cleanup_fd int sock = -EBADF;

	target.ns_fd = fcntl(ns_fd, F_DUPFD_CLOEXEC, 3);
	if (target.ns_fd < 0)
		return -errno;
	pid_t pid = send_visitor(target.ns_fd, &sock);

	if (pid < 0)
		return pid;
	int err = receive(sock, &target.root_fd);
	if (!err)
		err = receive(sock, &target.mountinfo_fd);
	child_wait(pid, NULL);
	if (err)
		return err;
	if (sys_mntns_id(target.ns_fd, &target.ns_id))
		target.ns_id = 0;
	*ret = target;
	target = SCAN_TARGET_NONE;
	return 0;
}

int scan_open_own(struct scan_target *ret)
{
	cleanup_target struct scan_target target = SCAN_TARGET_NONE;
	struct sys_mount_stat root;

	target.ns_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	target.root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	target.mountinfo_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (target.ns_fd < 0 || target.root_fd < 0 || target.mountinfo_fd < 0)
		return -errno;
	int err = sys_mount_stat(target.root_fd, "", AT_EMPTY_PATH, &root);

	if (err)
		return err;
	target.in_chroot = !root.is_mount_root;
	target.own_root = target.in_chroot ? 0 : root.unique_id;
	if (sys_mntns_id(target.ns_fd, &target.ns_id))
		target.ns_id = 0;
	*ret = target;
	target = SCAN_TARGET_NONE;
	return 0;
}

/* What a text leaves out. */
static int add_chroot_by_stat(int root_fd, struct mount_tree *tree)
{
	struct sys_mount_stat stat;
	struct statvfs vfs;
	struct mount *m = tree_add(tree);
	int err = sys_mount_stat(root_fd, "", AT_EMPTY_PATH | SYS_STAT_OLD_ID, &stat);

	if (!m || err || fstatvfs(root_fd, &vfs) < 0)
		return !m ? -ENOMEM : err ? err : -errno;
	m->id = stat.old_id;
	m->dev = stat.dev;
	m->attributes = flags_attr_from_ms((uint32_t)vfs.f_flag & FLAGS_MS_ATTRIBUTES &
					   ~(MS_NOSYMFOLLOW | MS_RELATIME));
	if (vfs.f_flag & ST_RELATIME)
		m->attributes &= ~(uint32_t)FLAGS_ATTR_ATIME;
	if (vfs.f_flag & ST_NOSYMFOLLOW)
		m->attributes |= MOUNT_ATTR_NOSYMFOLLOW;
	return 0;
}

static int add_chroot(const struct scan_target *target, bool by_statmount, struct mount_tree *tree)
{
	struct sys_mount_stat stat;
	int err = sys_mount_stat(target->root_fd, "", AT_EMPTY_PATH, &stat);

	if (!err)
		err = by_statmount ? scan_statmount_one(target->ns_id, stat.unique_id, tree)
				   : add_chroot_by_stat(target->root_fd, tree);
	if (!err)
		tree->mounts[tree->n - 1].root = "";
	return err;
}

/*
 * statmount(2) shows of a process' own namespace what can be seen from its root: to one in a
 * chroot, not where the rest is mounted. The text was opened by one who had the true root.
 */
static bool is_seen_from_elsewhere(const struct scan_target *target)
{
	struct sys_mount_stat here, there;

	if (target->in_chroot || target->own_root || target->root_fd < 0)
		return false;
	cleanup_fd int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	return own >= 0 && fd_same_file(own, target->ns_fd) &&
	       sys_mount_stat(AT_FDCWD, "/", 0, &here) == 0 &&
	       sys_mount_stat(target->root_fd, "", AT_EMPTY_PATH, &there) == 0 &&
	       !sys_same_place(&here, &there);
}

static bool can_statmount(const struct scan_target *target, enum scan_reader reader)
{
	return reader != SCAN_MOUNTINFO && target->ns_id &&
	       scan_statmount_probe(target->ns_id, target->own_root) &&
	       !is_seen_from_elsewhere(target);
}

static int read_table(const struct scan_target *target, enum scan_reader reader,
		      struct mount_tree *tree)
{
	bool by_statmount = can_statmount(target, reader);

	if (reader == SCAN_STATMOUNT && !by_statmount)
		return -EOPNOTSUPP;
	struct tree_fault fault = { 0 };
	int err = by_statmount ? scan_statmount(target->ns_id, tree)
			       : scan_mountinfo(target->mountinfo_fd, tree, &fault);

	/* What is not known could not be built again. */
	if (err == -EBADMSG && fault.id)
		log_error(err, "mount %u %s", fault.id, fault.reason);
	else if (!err && fault.strange)
		err = log_error(-EBADMSG, "mount %u has an optional field that is unknown here",
				fault.strange);

	return !err && target->in_chroot ? add_chroot(target, by_statmount, tree) : err;
}

static bool is_cgroup(const struct mount *m)
{
	return strncmp(m->fstype, "cgroup", 6) == 0;
}

/* In the child: read again from there, and send each cgroup's root with its index before it. */
static int send_cgroup_roots(const struct scan_target *target, enum scan_reader reader, int sock)
{
	cleanup_tree struct mount_tree tree = { .root = MOUNT_NONE };
	int err = setns(target->cgroup_fd, CLONE_NEWCGROUP) < 0 ? -errno
								: read_table(target, reader, &tree);

	for (uint32_t i = 0; i < tree.n && !err; i++) {
		char buf[sizeof(i) + PATH_MAX];
		size_t n = strnlen(tree.mounts[i].root, PATH_MAX - 1);

		if (!is_cgroup(&tree.mounts[i]))
			continue;
		memcpy(buf, &i, sizeof(i));
		memcpy(buf + sizeof(i), tree.mounts[i].root, n);
		err = fd_send(sock, buf, sizeof(i) + n, -1);
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

static int read_cgroup_roots(const struct scan_target *target, enum scan_reader reader,
			     struct mount_tree *tree)
{
	cleanup_fd int sock = -EBADF;
	cleanup_child pid_t pid = child_fork_socket(&sock);

	if (pid == 0)
		_exit(send_cgroup_roots(target, reader, sock) ? 1 : 0);
	if (pid < 0)
		return pid;
	int err = take_cgroup_roots(tree, sock);

	if (err)
		return err;
	err = child_wait(pid, NULL);
	pid = 0;
	return err == -ECHILD ? -EAGAIN : err;
}

static bool has_cgroups(const struct mount_tree *tree)
{
	for (uint32_t i = 0; i < tree->n; i++)
		if (is_cgroup(&tree->mounts[i]))
			return true;
	return false;
}

/* The kernel says once that there was something: it is remembered. */
static int ask_for_changes(struct scan_target *target)
{
	struct pollfd poll_fd = { .fd = target->mountinfo_fd, .events = POLLPRI };

	if (poll(&poll_fd, 1, 0) < 0)
		return -errno;
	if (poll_fd.revents & (POLLPRI | POLLERR))
		target->has_changed = true;
	return 0;
}

/* A table that was read in pieces, while it changed, may be none. */
static int link_tree(struct scan_target *target, struct mount_tree *tree)
{
	struct tree_fault fault;
	bool had_changed = target->has_changed;
	int err = tree_link(tree, &fault);

	if (err != -EBADMSG)
		return err;
	target->has_changed = false;
	err = ask_for_changes(target);
	if (!err && target->has_changed)
		return -EAGAIN;
	target->has_changed = had_changed;
	return err ? err
		   : log_error(-EBADMSG, "the mount table makes no tree: mount %u %s", fault.id,
			       fault.reason);
}

int scan_read(struct scan_target *target, enum scan_reader reader, struct mount_tree *tree)
{
	for (int i = 0; i < TRIES; i++) {
		int err = read_table(target, reader, tree);

		if (!err && target->cgroup_fd >= 0 && has_cgroups(tree))
			err = read_cgroup_roots(target, reader, tree);
		if (!err)
			err = option_ids_translate(tree);
		if (!err)
			err = link_tree(target, tree);
		if (!err)
			return 0;
		tree_free(tree);
		if (err != -EAGAIN)
			return err;
	}
	return -EAGAIN;
}

int scan_begin_own(enum scan_reader reader, struct mount_tree *tree, uint32_t *ret_n,
		   uint64_t *ret_ns_id)
{
	cleanup_target struct scan_target own = SCAN_TARGET_NONE;
	struct sys_mount_stat root;

	own.ns_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (own.ns_fd < 0 || sys_mntns_id(own.ns_fd, &own.ns_id) ||
	    sys_mount_stat(AT_FDCWD, "/", 0, &root) || !root.is_mount_root || !root.unique_id)
		return 0;
	own.own_root = root.unique_id;
	if (!can_statmount(&own, reader))
		return 0;
	int err = scan_statmount_count(own.ns_id, ret_n);

	if (!err)
		err = scan_add(own.ns_id, own.own_root, tree);
	*ret_ns_id = own.ns_id;
	return err == -ENOENT ? 0 : err ? err : 1;
}

int scan_add(uint64_t ns_id, uint64_t unique_id, struct mount_tree *tree)
{
	int err = scan_statmount_add(ns_id, unique_id, tree);

	/* Which adding takes away. */
	tree->root = 0;
	return err;
}

/* Of two mounts with one id, or at one place, it is the second. */
static void find_line(int fd, const struct mount_tree *tree, struct tree_fault *fault)
{
	for (uint32_t i = tree->n; i-- > 0;)
		if (tree->mounts[i].id == fault->id) {
			scan_mountinfo_line(fd, i, &fault->line);
			return;
		}
}

int scan_failed(int err, const char *what)
{
	return err == -ELIBACC || err == -EBADMSG ? err : log_error(err, "%s", what);
}

int scan_text(int fd, struct mount_tree *tree, struct tree_fault *fault)
{
	*fault = (struct tree_fault){ .reason = "a line that is not mountinfo" };
	int err = scan_mountinfo(fd, tree, fault);

	if (fault->strange)
		log_warn("mount %u of a saved mountinfo has an optional field that is unknown "
			 "here: it is neither shown nor compared",
			 fault->strange);
	if (err)
		return err;
	err = tree_link(tree, fault);
	if (err == -EBADMSG && fault->id)
		find_line(fd, tree, fault);
	return err;
}

/* Without statmount nothing tells of propagation and superblocks but the text itself. */
static int same_as_text(const struct scan_target *target, const struct mount_tree *tree)
{
	cleanup_tree struct mount_tree now = { 0 };
	int err = scan_mountinfo(target->mountinfo_fd, &now, &(struct tree_fault){ 0 });

	if (err)
		return err == -EAGAIN ? 0 : err;
	if (now.n != tree->n)
		return 0;
	for (uint32_t i = 0; i < now.n; i++) {
		const struct mount *left = &tree->mounts[i], *right = &now.mounts[i];

		if (left->id != right->id || left->shared != right->shared ||
		    left->master != right->master || left->unbindable != right->unbindable ||
		    left->sb_flags != right->sb_flags || !option_ids_same(left, right->options) ||
		    left->deleted != right->deleted)
			return 0;
	}
	return 1;
}

int scan_is_unchanged(struct scan_target *target, const struct mount_tree *tree)
{
	int err = ask_for_changes(target);

	if (err || target->has_changed)
		return err;
	if (target->ns_id && tree->n && tree->mounts[0].unique_id)
		return scan_statmount_same(target->ns_id, tree);
	return same_as_text(target, tree);
}

int scan_stat_flags(const struct mount_tree *tree)
{
	return tree->n && tree->mounts[0].unique_id ? 0 : SYS_STAT_OLD_ID;
}

bool scan_is_mount(const struct mount *m, const struct sys_mount_stat *stat)
{
	return stat->unique_id ? stat->unique_id == m->unique_id : stat->old_id == m->id;
}
