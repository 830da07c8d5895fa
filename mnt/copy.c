// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Theory of operation
 *
 * unshare(2) copies a whole namespace in one call, including binds of outside with their attributes
 * and id-mappings. But both namespaces would share what must belong to one alone: a tmpfs and its
 * files, a proc, the instance of a devpts. So these are created again, with everything mounted
 * below them: each such subtree is unmounted in the copy, and the steps of the plan for its mounts
 * are carried out again. Sources of the caller's are cloned from the copy before that; nothing is
 * looked up outside.
 *
 * Afterwards the copy is compared with the image as any other namespace.
 */
#include "mnt/copy.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "base/sys.h"
#include "mnt/builder.h"
#include "mnt/ns/unshare.h"
#include "mnt/scan/scan.h"
#include "model/filesystem.h"
#include "model/visible.h"

/* ---- can it be done ---- */

static bool has_own_superblock(const struct mount_tree *tree, const struct mount *m)
{
	return m->owner == MOUNT_INTERNAL && m->dev != tree->mounts[tree->root].dev;
}

static bool is_plain(const struct mount_tree *tree, const struct mount *m)
{
	const struct filesystem *fs = filesystem_find(m->fstype);
	unsigned int other = FILESYSTEM_LAYERS | FILESYSTEM_FORMATS | FILESYSTEM_OF_HOST;

	if (m->shared || m->master || m->host_shared || m->unbindable || m->deleted ||
	    m->owner == MOUNT_PLUGIN)
		return false;
	return !has_own_superblock(tree, m) ||
	       (fs && !(fs->flags & other) && !m->formats &&
		!(fs->namespace && strcmp(fs->namespace, "user") == 0));
}

/* Is it a source of the caller's, on something that goes from the copy? */
static bool is_held(const struct mount_tree *tree, const bool *anew, uint32_t i)
{
	return anew[i] && !has_own_superblock(tree, &tree->mounts[i]);
}

static bool is_seen(const struct mount_tree *tree, const struct visible *visible, uint32_t i)
{
	const struct mount *m = &tree->mounts[i];

	return m->visible && visible_at(tree, visible, m->mountpoint) == m;
}

/* Is it opened by its path, or cloned from there? */
static bool is_looked_up(const struct mount_tree *tree, const bool *anew, uint32_t i)
{
	const struct mount *m = &tree->mounts[i];

	if (anew[i])
		return !anew[m->parent] || !has_own_superblock(tree, m);
	for (uint32_t k = m->first_child; k != MOUNT_NONE; k = tree->mounts[k].next)
		if (anew[k])
			return true;
	return i == tree->root;
}

/*
 * Several mounts of one superblock are then clones of a detached mount. Kernels with all fields of
 * statmount(2) can clone one (6.15); older ones would need a yard.
 */
static bool can_be_cloned(const struct mount_tree *tree, uint32_t i)
{
	const struct mount *m = &tree->mounts[i];

	return !has_own_superblock(tree, m) ||
	       (m->sb_next == MOUNT_NONE && tree_first_of_superblock(tree, m) == i) ||
	       scan_has_statmount();
}

/* Each source is held until it stands again: half of the descriptors that we may have. */
static bool can_hold_sources(const struct mount_tree *tree, const bool *anew)
{
	struct rlimit limit;
	rlim_t held = 0;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return false;
	tree_for_each (i, tree)
		held += is_held(tree, anew, i);
	return held < limit.rlim_cur / 2;
}

/* Return: 1, 0 if there is no way, or -ENOMEM. */
static int mark(struct mount_tree *tree, bool *anew)
{
	cleanup_visible struct visible visible = { 0 };
	int err = visible_find_all(tree, &visible);

	if (err)
		return err;
	tree_for_each (i, tree) {
		const struct mount *m = &tree->mounts[i];

		anew[i] =
			has_own_superblock(tree, m) || (m->parent != MOUNT_NONE && anew[m->parent]);
		if (!is_plain(tree, m) || !can_be_cloned(tree, i))
			return 0;
	}
	tree_for_each (i, tree)
		if (is_looked_up(tree, anew, i) && !is_seen(tree, &visible, i))
			return 0;
	return can_hold_sources(tree, anew);
}

int copy_plan(struct mount_tree *tree, const struct rebind_restore_options *options,
	      bool **ret_anew)
{
	cleanup_free bool *anew = calloc(tree->n, sizeof(*anew));

	*ret_anew = NULL;
	if (!anew)
		return -ENOMEM;
	/* A set would be one copy for each of its namespaces, with propagation among them. */
	if (options->n_join_ns || options->new_ns || options->n_cgroup_root || tree_is_set(tree))
		return 0;
	int can = mark(tree, anew);

	if (can > 0)
		*ret_anew = take_ptr(&anew);
	return can < 0 ? can : 0;
}

/* ---- the copy ---- */

struct copy {
	struct build *b;
	int root_fd;
};

static int fault(const struct mount *m, int err)
{
	return log_error(err, "cannot find mount %u '%s' in the copy of a namespace", m->id,
			 m->mountpoint);
}

/* @path: as the kernel spells it, from the namespace's root; mounts are crossed, symlinks not. */
static int open_path(const struct copy *c, const char *path)
{
	return path_open_across(c->root_fd, path);
}

static int take_source(const struct copy *c, uint32_t i)
{
	const struct mount *m = &c->b->tree->mounts[i];
	cleanup_fd int fd = open_path(c, m->mountpoint);
	int clone = fd < 0 ? fd : sys_open_tree(fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);

	if (clone < 0)
		return fault(m, clone);
	c->b->fds[i] = clone;
	return 0;
}

/* The directory by descriptor, the name by itself. */
static int take_off(const struct copy *c, const struct mount *m)
{
	const char *name = strrchr(m->mountpoint, '/') + 1;
	cleanup_free char *dir = strndup(m->mountpoint, (size_t)(name - m->mountpoint));

	if (!dir)
		return -ENOMEM;
	cleanup_fd int fd = open_path(c, dir);

	if (fd < 0 || fchdir(fd) < 0)
		return fault(m, fd < 0 ? fd : -errno);
	return umount2(name, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? fault(m, -errno) : 0;
}

static int open_parent(const struct copy *c, uint32_t i)
{
	uint32_t parent = c->b->tree->mounts[i].parent;
	int *fd = &c->b->fds[parent];

	if (*fd < 0 && !c->b->anew[parent])
		*fd = open_path(c, c->b->tree->mounts[parent].mountpoint);
	return *fd < 0 ? fault(&c->b->tree->mounts[parent], *fd) : 0;
}

/* What is to be kept of it first, then the tops. */
static int clear(const struct copy *c)
{
	const struct mount_tree *tree = c->b->tree;
	const bool *anew = c->b->anew;
	int err = 0;

	tree_for_each (i, tree)
		if (!err && is_held(tree, anew, i))
			err = take_source(c, i);
	tree_for_each (i, tree)
		if (!err && anew[i] && !anew[tree->mounts[i].parent])
			err = take_off(c, &tree->mounts[i]);
	if (!err && fchdir(c->root_fd) < 0)
		err = log_error(-errno, "cannot enter the copy of a namespace");
	return err;
}

/* Detached mounts can be cloned where there is no yard; and a source was taken already. */
static bool is_done(const struct build *b, const struct plan_step *step)
{
	return step->op == PLAN_YARD || step->op == PLAN_SOURCE ||
	       (step->op == PLAN_CLONE && b->fds[step->mount] >= 0);
}

static int run_steps(const struct copy *c)
{
	struct build *b = c->b;
	int err = 0;

	for (uint32_t k = 0; k < b->plan->n && !err; k++) {
		const struct plan_step *step = &b->plan->steps[k];

		if (step->mount >= b->tree->n || !b->anew[step->mount] || is_done(b, step))
			continue;
		if (step->op == PLAN_ATTACH || step->op == PLAN_RESERVE)
			err = open_parent(c, step->mount);
		if (!err)
			err = builder_step(b, step);
	}
	fd_run_close(&b->done);
	return err ? err : ipc_send_findings(b->caller_fd, &b->findings);
}

/* On one CPU, where the ids are that were used up before. */
static int copy_enter(struct build *b, uint64_t above)
{
	cpu_set_t before, one;
	bool known = above && sched_getaffinity(0, sizeof(before), &before) == 0;
	int err = 0;

	if (known) {
		CPU_ZERO(&one);
		CPU_SET(sched_getcpu(), &one);
		sched_setaffinity(0, sizeof(one), &one);
		err = unshare_mounts(above, -EBADF);
	}
	if (!err && (setns(b->copy_fd, CLONE_NEWNS) < 0 || unshare(CLONE_NEWNS) < 0))
		err = -errno;
	if (known)
		sched_setaffinity(0, sizeof(before), &before);
	return err;
}

static int copy_settle(struct build *b, int root_fd, int proc_self_fd)
{
	b->ns_fd = openat(proc_self_fd, "ns/mnt", O_RDONLY | O_CLOEXEC);
	return b->ns_fd < 0 || root_fd < 0 ? log_error(-errno, "cannot open the new namespace") : 0;
}

int copy_build(struct build *b, uint64_t above)
{
	cleanup_fd int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err = copy_enter(b, above);

	if (err)
		return log_error(err, "cannot copy the first namespace");
	cleanup_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const struct copy c = { b, root };

	err = copy_settle(b, root, self);
	if (!err)
		err = clear(&c);
	return err ? err : run_steps(&c);
}
