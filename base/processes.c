// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/processes.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

static int add_pid(struct processes *all, pid_t pid)
{
	/* Room doubles: it is full whenever that is a power of two. */
	if ((all->n & (all->n - 1)) == 0) {
		pid_t *pids = realloc(all->pids, 2 * (all->n + 1) * sizeof(*pids));

		if (!pids)
			return -ENOMEM;
		all->pids = pids;
	}
	all->pids[all->n++] = pid;
	return 0;
}

bool processes_gone(int err)
{
	return err == -ENOENT || err == -ESRCH;
}

static int add_children_of(struct processes *all, pid_t pid, const char *thread)
{
	char path[64];
	int child, err = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/children", (int)pid, thread);
	cleanup_file FILE *file = fopen(path, "re");

	if (!file)
		return processes_gone(-errno) ? 0 : -errno;
	errno = 0;
	while (!err && fscanf(file, "%d", &child) == 1)
		err = add_pid(all, child);
	if (!err && ferror(file))
		err = errno ? -errno : -EIO;
	return processes_gone(err) ? 0 : err;
}

DIR *processes_open_dir(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return opendir(path);
}

static int add_children(struct processes *all, pid_t pid)
{
	cleanup_dirp DIR *threads = processes_open_dir(pid, "task");
	const struct dirent *entry;
	int more = threads ? 1 : -errno, err = 0;

	while (more > 0 && !err && (more = fd_next_entry(threads, &entry)) > 0)
		err = add_children_of(all, pid, entry->d_name);
	return err ? err : more < 0 && !processes_gone(more) ? more : 0;
}

int processes_read(pid_t pid, struct processes *ret)
{
	char path[32];
	int err = pid > 0 ? add_pid(ret, pid) : -ESRCH;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (!err && access(path, F_OK) < 0)
		err = -ESRCH;
	for (size_t i = 0; i < ret->n && !err; i++)
		err = add_children(ret, ret->pids[i]);
	return err;
}

void processes_free(struct processes *all)
{
	free(all->pids);
	*all = (struct processes){ 0 };
}
