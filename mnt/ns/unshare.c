// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/ns/unshare.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/sys.h"

/* More ids than any gap between two CPUs' batches. */
#define BATCH_TRIES 5000
#define AT_ONCE	    1000
#define SLOW_TRIES  200000 /* one by one */

static uint64_t own_id(int proc_fd)
{
	cleanup_fd int fd = openat(proc_fd, "thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);
	uint64_t id = 0;

	return fd >= 0 && sys_mntns_id(fd, &id) == 0 ? id : 0;
}

int unshare_to_root(void)
{
	if (unshare(CLONE_NEWNS) < 0)
		return -errno;
	cleanup_fd int ns = open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);

	/* Without a /proc nothing can be entered: "/" has to be the root then. */
	if (ns >= 0 && setns(ns, CLONE_NEWNS) < 0)
		return -errno;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? -errno : 0;
}

/* Return: false where there may be none of them: user.max_uts_namespaces. */
static bool use_up_many(void)
{
	for (int n = 0; n < AT_ONCE; n++)
		if (unshare(CLONE_NEWUTS) < 0)
			return false;
	return true;
}

static int use_up_ids(uint64_t above, int proc_fd)
{
	cleanup_fd int proc = openat(proc_fd < 0 ? AT_FDCWD : proc_fd, proc_fd < 0 ? "/proc" : ".",
				     O_PATH | O_DIRECTORY | O_CLOEXEC);
	int tries = BATCH_TRIES;

	if (proc < 0)
		return -errno;
	for (int i = 0; i < tries; i++) {
		if (tries == BATCH_TRIES && !use_up_many())
			tries = SLOW_TRIES;
		if (unshare(CLONE_NEWNS) < 0)
			return -errno;
		if (own_id(proc) > above)
			return 0;
	}
	return -EAGAIN;
}

int unshare_mounts(uint64_t above, int proc_fd)
{
	cpu_set_t before, one;
	int cpu = sched_getcpu();

	if (!above)
		return unshare(CLONE_NEWNS) < 0 ? -errno : 0;
	if (cpu < 0 || sched_getaffinity(0, sizeof(before), &before) < 0)
		return -errno;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		return -errno;
	pid_t pid = child_fork();

	if (pid == 0)
		_exit(-use_up_ids(above, proc_fd));
	int err = pid < 0 ? pid : child_wait_errno(pid);

	if (!err && unshare(CLONE_NEWNS) < 0)
		err = -errno;
	sched_setaffinity(0, sizeof(before), &before);
	return err;
}
