// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/host-view.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "mnt/pivot.h"

static int make_slave(void)
{
	return mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ? -errno : 0;
}

/* The true root is "/" by now. What enters lands in the clone, which can be pivoted away from. */
static int show_clone(int root_fd, int proc_self_fd)
{
	cleanup_fd int clone =
		sys_open_tree(root_fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE);

	return clone < 0 ? clone : pivot_replace_root(clone, proc_self_fd);
}

/* All of it slave: a chroot need not be a mount point, then that comes after it was left. */
static int show_callers_root(int root_fd, int ns_fd, int proc_self_fd)
{
	int err = make_slave();
	int bottom = err && err != -EINVAL ? err : pivot_enter_true_root(root_fd, ns_fd);

	if (bottom < 0 || (bottom && err))
		return bottom < 0 ? bottom : err;
	int rootfs = bottom ? pivot_is_rootfs(proc_self_fd) : 0;

	if (rootfs < 0 || (bottom && !rootfs))
		return rootfs;
	err = make_slave();
	return err ? err : show_clone(root_fd, proc_self_fd);
}

/* In a child. */
static int make_and_send(int sock)
{
	if (unshare(CLONE_NEWNS) < 0)
		return -errno;
	cleanup_fd int ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	cleanup_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (ns < 0 || root < 0 || self < 0)
		return -errno;
	int err = show_callers_root(root, ns, self);

	return err ? err : fd_send(sock, "n", 1, ns);
}

int host_view_open(void)
{
	int pair[2], fd = -EBADF;
	int err = fd_pair(pair);
	char word;

	if (err)
		return log_error(err, "cannot make a socket");
	cleanup_fd int mine = pair[0];
	cleanup_fd int its = pair[1];
	pid_t pid = child_fork();

	if (pid == 0)
		_exit(-make_and_send(its));
	if (pid < 0)
		return log_error(pid, "cannot fork");
	fd_close(&its);
	ssize_t n = fd_recv(mine, &word, 1, &fd);

	err = child_wait_errno(pid);
	if (!err && (n != 1 || fd < 0))
		err = -EIO;
	if (err)
		fd_close(&fd);
	return err ? log_error(err, "cannot make a copy of the caller's mount namespace") : fd;
}
