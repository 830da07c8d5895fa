// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/scan/set.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/ns.h"
#include "base/processes.h"
#include "mnt/scan/root-type.h"
#include "model/visible.h"

static void close_member(struct scan_member *member)
{
	scan_close(&member->target);
	tree_free(&member->tree);
	member->target = SCAN_TARGET_NONE;
}

void scan_set_free(struct scan_set *set)
{
	for (uint32_t i = 0; i < set->n; i++) {
		close_member(&set->list[i]);
		fd_close(&set->list[i].ns_fd);
	}
	free(set->list);
	*set = (struct scan_set){ 0 };
}

static bool has(const struct scan_set *set, int ns_fd)
{
	for (uint32_t i = 0; i < set->n; i++)
		if (fd_same_file(set->list[i].ns_fd, ns_fd))
			return true;
	return false;
}

int scan_set_add(struct scan_set *set, int ns_fd, pid_t pid, uint32_t ns)
{
	cleanup_fd int fd = ns_fd;

	if (has(set, fd))
		return 0;
	if (set->n == SET_MAX)
		return -E2BIG;
	struct scan_member *list = realloc(set->list, (set->n + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	set->list = list;
	list[set->n] = (struct scan_member){
		.ns = ns ? ns : set->n + 1,
		.ns_fd = fd_take(&fd),
		.pid = pid,
		.target = SCAN_TARGET_NONE,
	};
	set->n++;
	return 1;
}

int scan_set_copy(const struct scan_set *set, struct scan_set *ret)
{
	int added = 0;

	for (uint32_t i = 0; i < set->n && added >= 0; i++) {
		const struct scan_member *member = &set->list[i];
		int fd = fcntl(member->ns_fd, F_DUPFD_CLOEXEC, 3);

		added = fd < 0 ? -errno : scan_set_add(ret, fd, member->pid, member->ns);
	}
	return added < 0 ? added : 0;
}

/* ---- of processes ---- */

/* One that is gone, or about to be, has none. */
static int add_thread(struct scan_set *set, pid_t pid)
{
	int fd = ns_open(pid, "mnt");

	if (processes_gone(fd))
		return 0;
	int added = fd < 0 ? fd : scan_set_add(set, fd, pid, 0);

	return added < 0 ? added : 0;
}

static int add_process(struct scan_set *set, pid_t pid)
{
	cleanup_dirp DIR *threads = processes_open_dir(pid, "task");
	const struct dirent *entry;
	int more = threads ? 1 : -errno, err = 0;

	while (more > 0 && !err && (more = fd_next_entry(threads, &entry)) > 0)
		err = add_thread(set, (pid_t)atoi(entry->d_name));
	return err ? err : more < 0 && !processes_gone(more) ? more : 0;
}

int scan_set_add_tree(struct scan_set *set, pid_t pid)
{
	cleanup_processes struct processes processes = { 0 };
	int err = access("/proc/thread-self/children", R_OK) < 0 ? -EOPNOTSUPP
								 : processes_read(pid, &processes);

	/* The process itself is the first: what its threads are in comes after that. */
	if (!err)
		err = add_thread(set, pid);
	if (!err && !set->n)
		err = -ESRCH;
	for (size_t i = 0; i < processes.n && !err; i++)
		err = add_process(set, processes.pids[i]);
	return err;
}

int scan_set_same_tree(const struct scan_set *set, pid_t pid)
{
	cleanup_scan_set struct scan_set now = { 0 };
	int err = scan_set_add_tree(&now, pid);

	for (uint32_t i = 0; i < now.n && !err; i++)
		if (!has(set, now.list[i].ns_fd))
			return 0;
	return err == -ESRCH ? 0 : err ? err : now.n == set->n;
}

/* ---- reading ---- */

static int open_one(struct scan_member *member)
{
	close_member(member);
	int err = scan_open(member->ns_fd, &member->target);

	if (!err && member->is_built) {
		err = scan_from_root_fd(&member->target, member->root_fd);
		return err || !member->cgroup_pid
			       ? err
			       : scan_from_cgroup(&member->target, member->cgroup_pid);
	}
	if (!err)
		err = scan_from_root(&member->target, member->pid);
	return err ? err : scan_from_cgroup(&member->target, member->pid);
}

int scan_set_open(struct scan_set *set)
{
	int err = 0;

	for (uint32_t i = 0; i < set->n && !err; i++)
		err = open_one(&set->list[i]);
	for (uint32_t i = 0; i < set->n && set->n > 1; i++) {
		set->list[i].target.ns = set->list[i].ns;
		set->list[i].target.next = i + 1 < set->n ? &set->list[i + 1].target : NULL;
	}
	return err;
}

static int read_one(struct scan_member *member, enum scan_reader reader, struct mount_tree *tree,
		    struct visible *visible)
{
	int err = scan_read(&member->target, reader, tree);

	if (!err)
		err = visible_find_all(tree, visible);
	if (err)
		return err;
	root_type_find_all(&member->target, tree, visible);
	return kind_find_symlinks(&member->target, tree);
}

/* Two of them cannot have a mount in common: the kernel has one number for each. */
static int link_all(struct mount_tree *tree)
{
	struct tree_fault fault;
	int err = tree_link(tree, &fault);

	return err == -EBADMSG ? log_error(err, "the namespaces make no set: mount %u %s", fault.id,
					   fault.reason)
			       : err;
}

int scan_set_read(struct scan_set *set, enum scan_reader reader, struct mount_tree *tree,
		  struct visible *visible)
{
	int err = 0;

	if (set->n == 1)
		return read_one(&set->list[0], reader, tree, visible);
	for (uint32_t i = 0; i < set->n && !err; i++) {
		cleanup_visible struct visible its = { 0 };
		struct scan_member *member = &set->list[i];

		err = read_one(member, reader, &member->tree, &its);
		if (!err)
			err = set_add(tree, &member->tree, member->ns);
	}
	if (!err)
		err = link_all(tree);
	return err ? err : visible_find_all(tree, visible);
}

/* What was decided since they were put together. They stand in their order: set_add(). */
static void copy_owners(struct scan_set *set, const struct mount_tree *tree)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < set->n; i++)
		for (uint32_t k = 0; k < set->list[i].tree.n; k++)
			set->list[i].tree.mounts[k].owner = tree->mounts[at++].owner;
}

int scan_set_is_unchanged(struct scan_set *set, const struct mount_tree *tree)
{
	int same = 1;

	if (set->n == 1)
		return scan_is_unchanged(&set->list[0].target, tree);
	copy_owners(set, tree);
	for (uint32_t i = 0; i < set->n && same > 0; i++)
		same = scan_is_unchanged(&set->list[i].target, &set->list[i].tree);
	return same;
}
