/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A live namespace, or a saved mountinfo, as a model. */
#ifndef REBIND_MNT_SCAN_SCAN_H
#define REBIND_MNT_SCAN_SCAN_H

#include <sys/types.h>

#include "base/fd.h"
#include "base/sys.h"
#include "model/tree.h"

/* Which reader of the mount table. */
enum scan_reader {
	SCAN_BEST,	/* the quickest that tells all that is needed */
	SCAN_STATMOUNT, /* listmount(2), statmount(2) */
	SCAN_MOUNTINFO, /* libmount on /proc/.../mountinfo */
};

/* A mount namespace that is looked at from outside. */
struct scan_target {
	int ns_fd;	   /* the nsfs file */
	uint64_t ns_id;	   /* what listmount(2) calls it, 0 if the kernel does not tell */
	int root_fd;	   /* O_PATH: the root of the namespace, top of its stack */
	int mountinfo_fd;  /* its mountinfo, seen from that root, or scan_from_root() */
	bool in_chroot;	   /* that root is a directory of a mount, and no mount */
	uint64_t own_root; /* of the caller's own: the id of the mount at "/"; or 0 */
	int cgroup_fd; /* cgroup namespace that roots of cgroup mounts are told from, or negative */
	bool has_changed;   /* since it was opened, as far as was asked */
	bool has_text_hash; /* what was read last was the text: as it was then */
	uint64_t text_hash;
	uint32_t ns;		  /* its number in a set; else 0 */
	struct scan_target *next; /* of a set; the first stands for all of them */
};

void scan_close(struct scan_target *target);
#define cleanup_target cleanup(scan_close)
#define SCAN_TARGET_NONE                                                                        \
	(struct scan_target)                                                                    \
	{                                                                                       \
		.ns_fd = -EBADF, .root_fd = -EBADF, .mountinfo_fd = -EBADF, .cgroup_fd = -EBADF \
	}

/**
 * scan_target_of - the namespace of a set that a mount is in
 * @target: the first; where there is no other, it is that
 */
const struct scan_target *scan_target_of(const struct scan_target *target, const struct mount *m);

/**
 * scan_reader_named - "statmount", "mountinfo", or NULL for the best
 * Return: 0 or -EINVAL.
 */
int scan_reader_named(const char *name, enum scan_reader *ret);

/**
 * scan_open - look at a namespace through a descriptor of its nsfs file
 * @ns_fd: duplicated
 *
 * A child enters the namespace for a moment and hands out its root and its mountinfo: the view is
 * that of the namespace's own root, also where a process in it has another.
 *
 * Return: 0 or a negative errno, not logged.
 */
int scan_open(int ns_fd, struct scan_target *ret);

/**
 * scan_from_root - have the text of the mount table seen from a process' root
 * @pid: a process in the namespace; 0: any that has another root than the namespace
 *
 * setns(2) lands on the topmost mount stacked on the root, and mountinfo shows only what can be
 * seen from there, nothing below. A process that was in the namespace before may still have its
 * root below. If no process has, nothing changes.
 *
 * Return: 0 or a negative errno.
 */
int scan_from_root(struct scan_target *target, pid_t pid);

/**
 * scan_from_root_fd - the same from a root that is open
 */
int scan_from_root_fd(struct scan_target *target, int root_fd);

/**
 * scan_other_root - has a process another root than its namespace, as chroot(2) gives one
 * @tree: the mounts of its namespace
 * @ret_path: what its root is called, malloc()ed
 *
 * Return: 1 if it has, 0 if not, or -ENOMEM.
 */
int scan_other_root(const struct mount_tree *tree, pid_t pid, char **ret_path);

/**
 * scan_from_cgroup - tell the roots of cgroup mounts from a process' cgroup namespace
 * @pid: 0: the process in the mount namespace that has the lowest number, if there is one
 *
 * The kernel tells them from the reader's: what is "/" for a container is "/its/cgroup" for the
 * host, and the host's "/" is "/../.." for the container.
 *
 * Return: 0 or a negative errno; -ESRCH: no such process.
 */
int scan_from_cgroup(struct scan_target *target, pid_t pid);

/**
 * scan_open_own - the caller's own namespace, seen from the caller's own root
 *
 * In a chroot to a plain directory, the mount that this is a part of is read with the mountpoint
 * "/" and an empty root: which part of it "/" is the kernel does not tell there.
 */
int scan_open_own(struct scan_target *ret);

/**
 * scan_ns_of_pid - the mount namespace of a process
 * Return: a descriptor or a negative errno (-ESRCH: no such process).
 */
int scan_ns_of_pid(pid_t pid);

/**
 * scan_of_zombie - words for the sentence that it has none
 * @err: what scan_ns_of_pid() returned
 *
 * Return: constant text; empty if that is not why.
 */
const char *scan_of_zombie(pid_t pid, int err);

/**
 * scan_read - read the mounts once and link the tree
 * @tree: empty
 *
 * Return: 0; -EAGAIN if the namespace changed meanwhile; -EOPNOTSUPP if SCAN_STATMOUNT is asked for
 * and the kernel does not tell enough; -EBADMSG for a table that makes no tree and -ELIBACC for
 * want of libmount, both logged; another errno.
 */
int scan_read(struct scan_target *target, enum scan_reader reader, struct mount_tree *tree);

/**
 * scan_failed - log why a table cannot be read, unless scan_read() has logged it
 * @what: "cannot read ..."
 *
 * Return: @err.
 */
int scan_failed(int err, const char *what);

/**
 * scan_begin_own - the caller's own table, read as far as it is needed: where a caller has ten
 * thousand mounts, a restore asks for a few of them
 * @tree: gets the mount at "/", its root; scan_add() adds others. It is not linked.
 * @ret_n: how many mounts there are
 * @ret_ns_id: of the namespace
 *
 * Return: 1; 0 if only scan_open_own() and scan_read() will do; or a negative errno.
 */
int scan_begin_own(enum scan_reader reader, struct mount_tree *tree, uint32_t *ret_n,
		   uint64_t *ret_ns_id);

/**
 * scan_add - one more mount of a table that scan_begin_own() began
 *
 * Return: 0; -ENOENT if no path leads to it, or it is gone; or another negative errno.
 */
int scan_add(uint64_t ns_id, uint64_t unique_id, struct mount_tree *tree);

/**
 * scan_text - read a saved mountinfo
 * Return: 0, or -EBADMSG with @fault's id, line and reason (id 0: a line that is not mountinfo).
 */
int scan_text(int fd, struct mount_tree *tree, struct tree_fault *fault);

/**
 * scan_is_unchanged - is the namespace still as @tree has it
 *
 * mountinfo's poll event counts every mount, unmount, move and remount since the target was opened;
 * the text, or ids, parents, flags and groups are read again for changes of propagation, which it
 * does not count, and options of superblocks and roots for what fsconfig(2), rename(2) and rmdir(2)
 * change.
 *
 * Return: 1, 0, or a negative errno.
 */
int scan_is_unchanged(struct scan_target *target, const struct mount_tree *tree);

/**
 * scan_has_statmount - does this kernel's statmount tell all that the reader needs
 */
bool scan_has_statmount(void);

/**
 * scan_stat_flags - which id sys_mount_stat() must ask for, to find a mount of this tree
 */
int scan_stat_flags(const struct mount_tree *tree);

/**
 * scan_is_mount - is that what a stat of a path saw
 */
bool scan_is_mount(const struct mount *m, const struct sys_mount_stat *stat);

#endif
