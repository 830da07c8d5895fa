/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount namespaces that are looked at together: those of a process tree, or given one by one. */
#ifndef REBIND_MNT_SCAN_SET_H
#define REBIND_MNT_SCAN_SET_H

#include "mnt/scan/scan.h"
#include "model/visible.h"
#include "model/set.h"

struct scan_member {
	uint32_t ns; /* its number; 0 where it is alone */
	int ns_fd;
	pid_t pid;	  /* a process in it, or 0: not known */
	bool is_built;	  /* a new one, with no process in it but the builder: */
	int root_fd;	  /* borrowed: its root */
	pid_t cgroup_pid; /* roots of cgroups are as its cgroup namespace has them; 0: ours */
	struct scan_target target;
	struct mount_tree tree; /* of a set: as it was read */
};

/* The first one is that of the process, or of the first file. */
struct scan_set {
	struct scan_member *list;
	uint32_t n;
};

void scan_set_free(struct scan_set *set);
#define cleanup_scan_set cleanup(scan_set_free)

/**
 * scan_set_add - one more namespace
 * @ns_fd: nsfs; belongs to the set from now on, also on failure
 * @pid: a process in it, or 0
 * @ns: its number; 0: the next
 *
 * Return: 1; 0: it is in the set already; -E2BIG: SET_MAX; or another negative errno.
 */
int scan_set_add(struct scan_set *set, int ns_fd, pid_t pid, uint32_t ns);

/**
 * scan_set_add_tree - those of a process and of all below it, threads as well
 *
 * What ends meanwhile is passed over. Return: 0; -ESRCH: there is no such process; -EOPNOTSUPP: the
 * kernel does not list the children of a process; or another negative errno.
 */
int scan_set_add_tree(struct scan_set *set, pid_t pid);

/**
 * scan_set_same_tree - are the namespaces of that process tree those of the set still
 *
 * Return: 1, 0 or a negative errno.
 */
int scan_set_same_tree(const struct scan_set *set, pid_t pid);

/**
 * scan_set_copy - the same namespaces, to be read again
 * @ret: empty
 *
 * Return: 0 or a negative errno.
 */
int scan_set_copy(const struct scan_set *set, struct scan_set *ret);

/**
 * scan_set_open - open each again, for scan_set_read()
 * Return: 0 or a negative errno, not logged.
 */
int scan_set_open(struct scan_set *set);

/**
 * scan_set_target - the first of the targets, which leads to the others: scan_target_of()
 */
static inline struct scan_target *scan_set_target(struct scan_set *set)
{
	return &set->list[0].target;
}

/**
 * scan_set_read - the mounts of all, with the types of their roots
 * @tree: empty; of several it has strings of the set's, and lives no longer
 * @visible: empty; of that tree
 *
 * Return: as scan_read().
 */
int scan_set_read(struct scan_set *set, enum scan_reader reader, struct mount_tree *tree,
		  struct visible *visible);

/**
 * scan_set_is_unchanged - as scan_is_unchanged(), of each
 * @tree: what scan_set_read() returned
 */
int scan_set_is_unchanged(struct scan_set *set, const struct mount_tree *tree);

#endif
