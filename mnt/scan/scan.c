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
	int err = -ECHILD;
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

/* Since it was asked last. Return: 1, 0 or a negative errno. */
static int has_changed_since(struct scan_target *target)
{
	bool had_changed = target->has_changed;

	target->has_changed = false;
	int err = ask_for_changes(target);
	bool now = target->has_changed;

	target->has_changed |= had_changed;
	return err ? err : now;
}

/* Lines and ids are two lists: they belong together if nothing changed between them. Return: 1,
 * 0 if others must read it, or a negative errno. */
static int read_kernel_text(struct scan_target *target, struct mount_tree *tree)
{
	int changed = has_changed_since(target);
	int done = changed < 0 ? changed
			       : scan_kernel_text(target->mountinfo_fd, target->ns_id, tree,
						  &target->text_hash);

	if (done > 0) {
		changed = has_changed_since(target);
		done = changed < 0 ? changed : !changed;
	}
	target->has_text_hash = done > 0;
	if (done <= 0)
		tree_free(tree);
	return done;
}

int scan_read_table(struct scan_target *target, enum scan_reader reader, struct mount_tree *tree)
{
	bool by_statmount = can_statmount(target, reader);

	target->has_text_hash = false;
	if (reader == SCAN_STATMOUNT && !by_statmount)
		return -EOPNOTSUPP;
	if (by_statmount && reader == SCAN_BEST && target->mountinfo_fd >= 0 &&
	    !target->in_chroot) {
		int done = read_kernel_text(target, tree);

		if (done)
			return done < 0 ? done : 0;
	}
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

/* A table that was read in pieces, while it changed, may be none. */
static int link_tree(struct scan_target *target, struct mount_tree *tree)
{
	struct tree_fault fault;
	int err = tree_link(tree, &fault);

	if (err != -EBADMSG)
		return err;
	int changed = has_changed_since(target);

	if (changed)
		return changed < 0 ? changed : -EAGAIN;
	return err ? err
		   : log_error(-EBADMSG, "the mount table makes no tree: mount %u %s", fault.id,
			       fault.reason);
}

int scan_read(struct scan_target *target, enum scan_reader reader, struct mount_tree *tree)
{
	for (int i = 0; i < TRIES; i++) {
		int err = scan_read_table(target, reader, tree);

		if (!err && target->cgroup_fd >= 0)
			err = scan_read_cgroup_roots(target, reader, tree);
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
		    left->deleted != right->deleted ||
		    (scan_root_counts(target, left) && strcmp(left->root, right->root) != 0))
			return 0;
	}
	return 1;
}

int scan_is_unchanged(struct scan_target *target, const struct mount_tree *tree)
{
	int err = ask_for_changes(target);

	if (err || target->has_changed)
		return err;
	if (target->has_text_hash)
		return scan_kernel_text_same(target->mountinfo_fd, target->text_hash);
	if (target->ns_id && tree->n && tree->mounts[0].unique_id)
		return scan_statmount_same(target, tree);
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
