// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/ns.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"

const struct ns_kind ns_kinds[NS_KINDS] = {
	{ "net", CLONE_NEWNET },       { "ipc", CLONE_NEWIPC }, { "uts", CLONE_NEWUTS },
	{ "cgroup", CLONE_NEWCGROUP }, { "pid", CLONE_NEWPID }, { "user", CLONE_NEWUSER },
};

size_t ns_kind_named(const char *name, size_t size)
{
	size_t i = 0;

	while (i < NS_KINDS &&
	       (strlen(ns_kinds[i].name) != size || strncmp(ns_kinds[i].name, name, size) != 0))
		i++;
	return i;
}

int ns_open(pid_t pid, const char *name)
{
	char path[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	else
		snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 ? fd : pid && errno == ENOENT ? -ESRCH : -errno;
}

bool ns_is_own(int fd, const char *name)
{
	cleanup_fd int own = ns_open(0, name);

	return fd >= 0 && own >= 0 && fd_same_file(fd, own);
}

int ns_differs(pid_t pid, const char *name)
{
	cleanup_fd int its = ns_open(pid, name);
	cleanup_fd int own = ns_open(0, name);

	return its < 0 ? its : own < 0 ? own : !fd_same_file(its, own);
}
