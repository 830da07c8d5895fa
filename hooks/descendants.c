// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hooks/descendants.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define ROUNDS	  200 /* of 1 ms and more */
#define DEPTH_MAX 1000

static pid_t read_number(int dir_fd, const char *name, const char *format)
{
	cleanup_fd int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	char text[512], *rest;
	int number;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return -1;
	text[n] = '\0';
	rest = strrchr(text, ')'); /* the name before it may hold anything */
	return sscanf(rest ? rest : text, format, &number) == 1 ? number : -1;
}

static pid_t parent_of(int proc_fd, const char *pid)
{
	char name[300];

	snprintf(name, sizeof(name), "%s/stat", pid);
	return read_number(proc_fd, name, ") %*c %d");
}

/* Only if /proc is that of our pid namespace: its numbers are used to kill. */
static bool proc_is_ours(int proc_fd)
{
	char text[32];
	ssize_t n = readlinkat(proc_fd, "self", text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	return atoi(text) == getpid();
}

int descendants_kill_children(int proc_fd)
{
	DIR *proc = proc_is_ours(proc_fd) ? fd_open_dir(proc_fd, ".") : NULL;
	const struct dirent *entry;
	int killed = 0;

	if (!proc)
		return 0;
	/* After an error some are still there: the caller looks again as long as it has children.
	 */
	while (fd_next_entry(proc, &entry) > 0) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 1 && parent_of(proc_fd, entry->d_name) == getpid())
			killed += kill(pid, SIGKILL) == 0;
	}
	closedir(proc);
	return killed;
}

static bool is_in(int proc_fd, const char *pid, const struct stat *ns)
{
	char name[300];
	struct stat its;

	snprintf(name, sizeof(name), "%s/ns/mnt", pid);
	return fstatat(proc_fd, name, &its, 0) == 0 && its.st_dev == ns->st_dev &&
	       its.st_ino == ns->st_ino;
}

static bool is_below(int proc_fd, const char *pid)
{
	char name[32];
	pid_t parent = parent_of(proc_fd, pid);

	for (int i = 0; i < DEPTH_MAX && parent > 1; i++) {
		if (parent == getpid())
			return true;
		snprintf(name, sizeof(name), "%d", (int)parent);
		parent = parent_of(proc_fd, name);
	}
	/* A process on the way has just ended, so it is below us. */
	return parent < 0;
}

static int kill_once(int proc_fd, DIR *proc, pid_t spared, const struct stat *ns)
{
	const struct dirent *entry;
	int killed = 0, more;

	rewinddir(proc);
	while ((more = fd_next_entry(proc, &entry)) > 0) {
		pid_t pid = atoi(entry->d_name);

		if (pid > 1 && pid != spared && is_in(proc_fd, entry->d_name, ns) &&
		    is_below(proc_fd, entry->d_name))
			killed += kill(pid, SIGKILL) == 0;
	}
	return more < 0 ? more : killed;
}

int descendants_kill_in_namespace(int proc_fd, pid_t spared, const struct stat *ns)
{
	DIR *proc = proc_is_ours(proc_fd) ? fd_open_dir(proc_fd, ".") : NULL;
	int first = 0, killed = proc ? 1 : 0;

	for (int i = 0; i < ROUNDS && killed > 0; i++) {
		killed = kill_once(proc_fd, proc, spared, ns);
		if (i == 0)
			first = killed;
		if (killed > 0)
			poll(NULL, 0, 1);
	}
	if (proc)
		closedir(proc);
	return killed < 0 ? killed : killed ? -EBUSY : first;
}
