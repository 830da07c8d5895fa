// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/host-view.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "mnt/ipc/message.h"
#include "mnt/ns/inside.h"
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
	cleanup_fd int sock = -EBADF;
	pid_t pid = child_fork_socket(&sock);
	int fd = -EBADF;
	char word;

	if (pid == 0)
		_exit(-make_and_send(sock));
	if (pid < 0)
		return log_error(pid, "cannot fork");
	ssize_t n = fd_recv(sock, &word, 1, &fd);
	int err = child_wait_errno(pid);

	if (!err && (n != 1 || fd < 0))
		err = -EIO;
	if (err)
		fd_close(&fd);
	return err ? log_error(err, "cannot make a copy of the caller's mount namespace") : fd;
}

/* ---- for a user namespace ---- */

/* Our numbers need not be those of /proc: that has its own in what it tells of a pidfd. */
static int find_path(pid_t pid, char ret[64])
{
	cleanup_fd int pidfd = sys_pidfd_open(pid);
	cleanup_free char *text = NULL;
	char name[64];
	size_t size;
	int number;

	if (pidfd < 0)
		return pidfd;
	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", pidfd);
	cleanup_fd int info = open(name, O_RDONLY | O_CLOEXEC);
	int err = info < 0 ? -errno : fd_slurp(info, &text, &size);
	const char *line = err ? NULL : strstr(text, "\nPid:");

	if (err || !line || sscanf(line + 5, "%d", &number) != 1 || number <= 0)
		return err ? err : -ESRCH;
	snprintf(ret, 64, "/proc/%d/ns/mnt", number);
	return 0;
}

int host_door_start(struct host_door *door, char ret_path[64])
{
	int err = inside_start(false, &door->pid, &door->sock);

	if (!err)
		err = find_path(door->pid, ret_path);
	return err ? log_error(err, "cannot start a process in the user namespace of the container")
		   : 0;
}

static int send_entry(int sock, int flag, const char *name, int fd)
{
	return ipc_send(sock, (struct ipc_message){ .type = IPC_NS, .value = flag },
			(const char *const[4]){ name }, fd);
}

int host_door_open(struct host_door *door, int view_fd, int user_fd)
{
	cleanup_fd int fd = -EBADF;
	int answer = 0;
	int err = send_entry(door->sock, CLONE_NEWNS, "mount", view_fd);

	if (!err)
		err = send_entry(door->sock, CLONE_NEWUSER, "user", user_fd);
	if (!err)
		err = ipc_send(door->sock,
			       (struct ipc_message){ .type = IPC_START,
						     .start = { .purpose = INSIDE_DOOR } },
			       NULL, -1);
	if (!err)
		err = ipc_await_child(door->pid, door->sock, IPC_ANSWER, &answer, NULL);
	if (!err && answer > 0)
		err = ipc_go(door->pid, door->sock);
	if (!err && answer > 0)
		err = ipc_await_child(door->pid, door->sock, IPC_ANSWER, &answer, &fd);
	if (!err && answer < 0)
		err = answer;
	if (!err && fd < 0)
		err = -EPROTO;
	return err ? log_error(err, "cannot show the caller's mounts to the user namespace of the "
				    "container")
		   : fd_take(&fd);
}

void host_door_close(struct host_door *door)
{
	fd_close(&door->sock);
	child_kill(&door->pid);
}
