// SPDX-License-Identifier: LGPL-2.1-or-later
/* The mounts of a container that CRIU restores, from its first action to the last: criu.h. */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/library.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/ns.h"
#include "base/sys.h"
#include "base/text.h"
#include "image/criu-merge.h"
#include "mnt/host-view.h"
#include "runtime/criu/criu.h"

#define NAME	 "mnt"
#define NEW_NAME "mnt.new"

#define END_TIMEOUT 5000 /* ms; with a stopped tracer it does not end */

/* A symlink there: in one step, since CRIU may look at any time. */
static int lead_to(int dir_fd, const char *target)
{
	if (symlinkat(target, dir_fd, NEW_NAME) < 0 || renameat(dir_fd, NEW_NAME, dir_fd, NAME) < 0)
		return log_error(-errno, "cannot make the name of the namespace for CRIU");
	return 0;
}

static int lead_to_fd(int dir_fd, int ns_fd)
{
	char target[64];
	int err = ns_fd < 0 ? ns_fd : actions_path(ns_fd, target);

	return err ? err : lead_to(dir_fd, target);
}

int criu_mounts_prepare(struct criu_mounts *mounts, char ret[80])
{
	char dir[64];

	if (mounts->has_user)
		return host_door_start(&mounts->door, ret);
	int err = actions_path(mounts->dir_fd, dir);

	snprintf(ret, 80, "%s/" NAME, err ? "" : dir);
	return err ? err : lead_to(mounts->dir_fd, "/proc/self/ns/mnt");
}

/* ---- before CRIU is started ---- */

/* What the caller joins goes before what CRIU made. */
static bool is_given(const struct rebind_restore_options *how, const char *ns)
{
	size_t n = strlen(ns);

	for (size_t i = 0; i < how->n_join_ns; i++)
		if (strncmp(how->join_ns[i], ns, n) == 0 && how->join_ns[i][n] == ':')
			return true;
	return false;
}

static bool shows_cgroups(const struct rebind_mount *m)
{
	return m->owner == REBIND_OWNER_INTERNAL && strncmp(m->fstype, "cgroup", 6) == 0;
}

static int look_for_cgroups(struct criu_mounts *mounts)
{
	const struct rebind_restore_options *how = &mounts->how;
	struct rebind_tree *tree;
	int err = rebind_tree_open(mounts->rebind, how->images_dir, how->ns_id, mounts->report,
				   &tree);

	if (err)
		return err;
	for (size_t i = 0; i < rebind_tree_count(tree); i++) {
		struct rebind_mount m = { .size = sizeof(m) };

		rebind_tree_get(tree, i, &m);
		mounts->has_cgroups |= shows_cgroups(&m);
	}
	rebind_tree_free(tree);
	return 0;
}

/* Will CRIU make namespaces? At the actions before and after it the mounts are built. */
static int look_for_namespaces(struct criu_mounts *mounts)
{
	cleanup_fd int images = open(mounts->how.images_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = images < 0 ? log_error(-errno, "cannot open the image directory '%s'",
					 mounts->how.images_dir)
			     : criu_merge_own_namespaces(images, &mounts->own,
							 &mounts->report->findings);

	/* CRIU will have a word to say about such an image. */
	if (err)
		return err == -ENOENT ? 0 : err;
	mounts->has_user = (mounts->own & CLONE_NEWUSER) || is_given(&mounts->how, "user");
	mounts->is_alone = !(mounts->own & ~(uint32_t)CLONE_NEWCGROUP);
	if (!mounts->is_alone || !mounts->own || !mounts->has_cgroups)
		return 0;
	return log_error(
		-EOPNOTSUPP,
		"the processes had a mount and a cgroup namespace of their own and no other, "
		"and a mount shows their cgroups: it cannot be made before CRIU has made the "
		"cgroup namespace, and CRIU does not tell when; restore them by CRIU alone");
}

/* "pid,net": what CRIU will make and the caller does not give. */
static void name_namespaces(const struct criu_mounts *mounts, char ret[64])
{
	size_t n = 0;

	*ret = '\0';
	for (size_t i = 0; i < NS_KINDS; i++)
		if ((mounts->own & (uint32_t)ns_kinds[i].flag) &&
		    !is_given(&mounts->how, ns_kinds[i].name))
			n += (size_t)snprintf(ret + n, 64 - n, "%s%s", n ? "," : "",
					      ns_kinds[i].name);
}

int criu_mounts_look(struct criu_mounts *mounts)
{
	char new_ns[64];
	int err = criu_terminals_find(mounts->rebind, &mounts->how, mounts->report,
				      &mounts->terminals);

	if (!err)
		err = criu_removed_find(&mounts->removed, mounts->how.images_dir,
					&mounts->report->findings);
	if (!err)
		err = look_for_cgroups(mounts);
	if (!err)
		err = look_for_namespaces(mounts);
	if (err)
		return err;
	struct rebind_restore_options look = mounts->how;

	name_namespaces(mounts, new_ns);
	look.new_ns = *new_ns ? new_ns : NULL;
	look.dry_run = true;
	look.on_line = NULL;
	look.on_action = NULL;
	return rebind_restore(mounts->rebind, &look, mounts->report, NULL);
}

/* ---- the root task ---- */

/* CRIU, if it is killed or we are, would leave what it has made of the container. */
static void kill_root_task(void *data, int pidfd)
{
	sys_pidfd_kill(pidfd);
}

static int watch_root_task(struct criu_mounts *mounts, pid_t root_task)
{
	mounts->root_task = root_task;
	mounts->root_fd = sys_pidfd_open(root_task);
	if (mounts->root_fd < 0)
		return log_error(mounts->root_fd, "cannot watch process %d", (int)root_task);
	return guard_start(&mounts->guard, GUARD_ALL_GONE, kill_root_task, NULL, mounts->root_fd);
}

static int open_of(pid_t pid, const char *name, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static bool is_in(pid_t pid, const char *ns, int ns_fd)
{
	cleanup_fd int its = open_of(pid, ns, O_RDONLY);

	return its >= 0 && ns_fd >= 0 && fd_same_file(its, ns_fd);
}

/* Both as they should be: what is not the root of the old root is not taken along by pivot_root(2).
 */
static bool is_at(pid_t pid, const char *name, int root_fd)
{
	cleanup_fd int its = open_of(pid, name, O_PATH | O_DIRECTORY);
	struct sys_mount_stat at, root;

	return its >= 0 && sys_mount_stat(its, "", AT_EMPTY_PATH, &at) == 0 &&
	       sys_mount_stat(root_fd, "", AT_EMPTY_PATH, &root) == 0 &&
	       at.unique_id == root.unique_id && at.old_id == root.old_id && at.inode == root.inode;
}

/*
 * A CRIU that has not joined, whatever the reason, goes on among the caller's mounts: the processes
 * are on the host.
 */
static int refuse_stray(const struct criu_mounts *mounts)
{
	return log_error(-ESTALE,
			 "CRIU restored process %d outside of the mount namespace that was built "
			 "for it; it is killed (is it a CRIU that knows '--join-ns mnt:FILE'?)",
			 (int)mounts->root_task);
}

/* ---- what is built for it ---- */

static int join_words(const struct rebind_restore_options *how, pid_t pid, struct strings *words)
{
	static const char *const all[] = { "user", "pid", "net", "ipc", "uts", "cgroup" };

	for (size_t i = 0; i < how->n_join_ns; i++)
		if (strings_print(words, "%s", how->join_ns[i]))
			return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(all) && pid; i++) {
		int joins = is_given(how, all[i]) ? 0 : ns_differs(pid, all[i]);

		if (joins < 0)
			return log_error(joins, "cannot look at the %s namespace of process %d",
					 all[i], (int)pid);
		if (joins && strings_print(words, "%s:%d", all[i], (int)pid))
			return -ENOMEM;
	}
	return 0;
}

/* @root_task: 0: it will have none but our own namespaces. */
static int mounts_build(struct criu_mounts *mounts, pid_t root_task)
{
	struct rebind_restore_options how = mounts->how;
	cleanup(strings_free) struct strings words = { 0 };
	int err = join_words(&how, root_task, &words);

	if (err)
		return err;
	how.join_ns = words.list;
	how.n_join_ns = words.n;
	how.on_action = NULL; /* CRIU's are the container's */
	err = library_restore_into(mounts->rebind, &how, mounts->view_fd, mounts->report,
				   &mounts->ns);
	fd_close(&mounts->view_fd);
	/* None of our processes is in its pid namespace any more. */
	if (!err)
		rebind_namespace_end_helper(mounts->ns);
	return err;
}

/* CRIU opens them next. */
static int make_removed(struct criu_mounts *mounts)
{
	return criu_removed_make(&mounts->removed, rebind_namespace_fd(mounts->ns),
				 rebind_namespace_root(mounts->ns), mounts->root_task);
}

static int build_early(struct criu_mounts *mounts, pid_t root_task)
{
	if (!mounts->is_alone)
		return 0;
	int err = mounts_build(mounts, 0);

	if (!err)
		err = make_removed(mounts);
	return err ? err : lead_to_fd(mounts->dir_fd, rebind_namespace_fd(mounts->ns));
}

static int show_host_to_user(struct criu_mounts *mounts, pid_t root_task)
{
	cleanup_fd int view = host_view_open();
	cleanup_fd int user = open_of(root_task, "ns/user", O_RDONLY);

	if (view < 0)
		return view;
	if (user < 0)
		return log_error(user, "cannot look at the namespaces of process %d",
				 (int)root_task);
	mounts->view_fd = host_door_open(&mounts->door, view, user);
	return mounts->view_fd < 0 ? mounts->view_fd : 0;
}

static int show_host(struct criu_mounts *mounts, pid_t root_task)
{
	if (root_task <= 0 || mounts->root_fd >= 0 || mounts->ns)
		return log_error(-EPROTO,
				 "CRIU's action setup-namespaces came without a process, twice, or "
				 "for processes that had no namespaces to set up");
	int err = watch_root_task(mounts, root_task);

	if (err)
		return err;
	if (mounts->has_user)
		return show_host_to_user(mounts, root_task);
	mounts->view_fd = host_view_open();
	return lead_to_fd(mounts->dir_fd, mounts->view_fd);
}

static int check_moved(const struct criu_mounts *mounts)
{
	int root = rebind_namespace_root(mounts->ns);

	if (is_at(mounts->root_task, "root", root) && is_at(mounts->root_task, "cwd", root))
		return 0;
	return log_error(-ESTALE,
			 "process %d, which CRIU restores, did not come along to the new root: "
			 "this CRIU does something else with it between its actions than CRIU 4.2",
			 (int)mounts->root_task);
}

static int build_around(struct criu_mounts *mounts, pid_t root_task)
{
	if (mounts->root_fd < 0 || mounts->ns)
		return log_error(
			-EPROTO,
			"CRIU's action post-setup-namespaces came without setup-namespaces");
	if (!is_in(mounts->root_task, "ns/mnt", mounts->view_fd))
		return refuse_stray(mounts);
	host_door_close(&mounts->door);
	mounts->cgroup_fd = open_of(mounts->root_task, "ns/cgroup", O_RDONLY);
	if (mounts->cgroup_fd < 0)
		return log_error(mounts->cgroup_fd, "cannot look at the namespaces of process %d",
				 (int)mounts->root_task);
	int err = mounts_build(mounts, mounts->root_task);

	if (err)
		return err;
	err = check_moved(mounts);
	return err ? err : make_removed(mounts);
}

static int complete(struct criu_mounts *mounts, pid_t root_task)
{
	int err = mounts->root_fd < 0 && root_task > 0 ? watch_root_task(mounts, root_task) : 0;

	if (err)
		return err;
	int ns_fd = mounts->ns ? rebind_namespace_fd(mounts->ns) : -EBADF;

	if (!is_in(mounts->root_task, "ns/mnt", ns_fd))
		return refuse_stray(mounts);
	if (mounts->has_cgroups && mounts->cgroup_fd >= 0 &&
	    !is_in(mounts->root_task, "ns/cgroup", mounts->cgroup_fd))
		return log_error(-ESTALE,
				 "CRIU gave process %d a cgroup namespace after "
				 "post-setup-namespaces: its cgroup mounts show another one",
				 (int)mounts->root_task);
	err = criu_removed_finish(&mounts->removed);
	return err ? err : criu_terminals_put(mounts->terminals, ns_fd);
}

int criu_mounts_act(struct criu_mounts *mounts, const char *action, pid_t root_task)
{
	static const struct {
		const char *action;
		int (*part)(struct criu_mounts *mounts, pid_t root_task);
	} parts[] = {
		{ "pre-restore", build_early },
		{ "setup-namespaces", show_host },
		{ "post-setup-namespaces", build_around },
		{ "post-restore", complete },
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (strcmp(action, parts[i].action) == 0)
			return parts[i].part(mounts, root_task);
	/* The last of them: processes run again, and are not taken back. */
	if (strcmp(action, "post-resume") == 0)
		criu_mounts_end(mounts, true);
	return 0;
}

void criu_mounts_kill(const struct criu_mounts *mounts)
{
	struct pollfd end = { .fd = mounts->root_fd, .events = POLLIN };

	if (mounts->root_fd < 0)
		return;
	kill_root_task(NULL, mounts->root_fd);
	poll(&end, 1, END_TIMEOUT);
}

void criu_mounts_end(struct criu_mounts *mounts, bool kept)
{
	if (!kept)
		criu_mounts_kill(mounts);
	criu_removed_end(&mounts->removed);
	/* Where that fails it is logged, and the mountpoints go. */
	if (mounts->ns && kept)
		(void)rebind_namespace_keep_fd(mounts->ns);
	if (mounts->ns)
		rebind_namespace_free(mounts->ns);
	mounts->ns = NULL;
	criu_terminals_free(mounts->terminals);
	mounts->terminals = NULL;
	guard_end(&mounts->guard);
	host_door_close(&mounts->door);
	fd_close(&mounts->view_fd);
	fd_close(&mounts->cgroup_fd);
	fd_close(&mounts->root_fd);
}
