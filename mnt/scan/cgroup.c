// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which cgroup namespace a mount namespace belongs to. The kernel does not know: it is that of the
 * processes which are in it.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/ns.h"
#include "mnt/scan/process.h"
#include "mnt/scan/scan.h"

/* Return: 0 where no process is in it, or a negative errno. */
static pid_t first_inside(int ns_fd)
{
	cleanup_dirp DIR *proc = opendir("/proc");
	const char *name;
	pid_t first = 0;
	int more = 0;

	if (!proc)
		return -errno;
	while ((more = scan_next_inside(proc, ns_fd, &name)) > 0) {
		pid_t pid = (pid_t)atoi(name);

		if (!first || pid < first)
			first = pid;
	}
	return more < 0 ? more : first;
}

static int from_process(struct scan_target *target, pid_t pid)
{
	cleanup_fd int fd = ns_open(pid, "cgroup");

	if (fd < 0)
		return fd;
	if (!ns_is_own(fd, "cgroup"))
		target->cgroup_fd = fd_take(&fd);
	return 0;
}

int scan_from_cgroup(struct scan_target *target, pid_t pid)
{
	pid_t from = pid ? pid : first_inside(target->ns_fd);
	int err = from > 0 ? from_process(target, from) : from;

	/* One that was only found, and has ended, was not asked for. */
	return err == -ESRCH && !pid ? 0 : err;
}
