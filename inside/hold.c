// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "inside/inside.h"
#include "mnt/ns/inside.h"

#define ADMIN (1u << CAP_SYS_ADMIN | 1u << CAP_SYS_CHROOT)

int inside_drop(bool keep_admin)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	uint32_t kept = keep_admin ? data[0].permitted & ADMIN : 0;

	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap); /* EPERM where there is no CAP_SETPCAP: nor the rest */
	data[0] = (struct __user_cap_data_struct){ .permitted = kept, .effective = kept };
	data[1] = (struct __user_cap_data_struct){ 0 };
	if (syscall(SYS_capset, &header, data) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return child_hide();
}

void inside_name_holder(void)
{
	prctl(PR_SET_NAME, "rebind-holder");
}

void inside_stay(void)
{
	sigset_t all;
	int number;

	inside_name_holder();
	/* The first process of a pid namespace gets no signal that it does not wait for. */
	for (;;) {
		sigfillset(&all);
		/* Its end is that of the namespace: what fails is tried again, without haste. */
		if (sigwait(&all, &number)) {
			sleep(1);
			continue;
		}
		if (number == SIGTERM || number == SIGINT || number == SIGHUP || number == SIGQUIT)
			_exit(0);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

/* Here, with that root, and unable to go elsewhere. */
static int settle(int mntns_fd, int root_fd)
{
	sigset_t all;

	/* Before it is released: it is ended by that name, if it must not stay. */
	inside_name_holder();
	/* It is waited for, from here on. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (setns(mntns_fd, CLONE_NEWNS) < 0 || fchdir(root_fd) < 0 || chroot(".") < 0)
		return -errno;
	return inside_drop(false);
}

/* The processes for other namespaces, until this one is released. */
static pid_t *beside;
static size_t n_beside;

static int list_beside(pid_t pid)
{
	pid_t *list = realloc(beside, (n_beside + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	beside = list;
	beside[n_beside++] = pid;
	return 0;
}

/* Killed since they were there: then not all that is handed over stands. */
static bool all_beside_live(void)
{
	for (size_t i = 0; i < n_beside; i++) {
		siginfo_t info = { .si_pid = 0 };

		if (waitid(P_PID, (id_t)beside[i], &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
		    info.si_pid)
			return false;
	}
	return true;
}

static int inside_hold(struct inside *in, int mntns_fd, int root_fd)
{
	int err = settle(mntns_fd, root_fd);

	if (err)
		return err;
	/* Until it is released it dies with its parent. */
	if (ipc_answer(in->sock, 0, -1) || ipc_await(in->sock, IPC_GO, NULL, NULL) ||
	    !all_beside_live() || prctl(PR_SET_PDEATHSIG, 0) < 0 || ipc_answer(in->sock, 0, -1))
		_exit(1);
	child_close_from(0);
	inside_stay();
}

/* It dies with its parent, for good. */
_Noreturn static void hold_beside(int mntns_fd, int root_fd, int ready_fd)
{
	int err = settle(mntns_fd, root_fd);

	if (fd_write_all(ready_fd, &err, sizeof(err)) || err)
		_exit(1);
	child_close_from(0);
	inside_stay();
}

/* Another process for another namespace. Return: 0 when it is there, or a negative errno. */
static int inside_beside(int mntns_fd, int root_fd)
{
	int ends[2], err = -EIO;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	cleanup_fd int mine = ends[0], other = ends[1];
	pid_t pid = child_fork();

	if (pid == 0) {
		fd_close(&mine);
		hold_beside(mntns_fd, root_fd, other);
	}
	fd_close(&other);
	if (pid < 0)
		return pid;
	int waited = child_await(pid, mine);
	bool got = !waited && fd_read_full(mine, &err, sizeof(err)) == sizeof(err);

	if (waited || !got)
		return waited ? waited : -EIO;
	return err ? err : list_beside(pid);
}

int inside_told(struct inside *in, const struct ipc_message *message, int *fd, int *root_fd)
{
	switch (message->type) {
	case IPC_ROOT:
		fd_close(root_fd);
		*root_fd = fd_take(fd);
		return 0;
	case IPC_BESIDE:
		return ipc_answer(in->sock, inside_beside(*fd, *root_fd), -1);
	case IPC_HOLD:
		return ipc_answer(in->sock, inside_hold(in, *fd, *root_fd), -1);
	default:
		return -EPROTO;
	}
}

int inside_hold_when_told(struct inside *in)
{
	static char buf[IPC_MAX];
	struct ipc_message message;
	const char *texts[4];
	cleanup_fd int root = -EBADF;
	int fd = -EBADF, err = 0;

	while (!err && ipc_recv(in->sock, buf, &message, texts, &fd) > 0) {
		cleanup_fd int got = fd;

		err = inside_told(in, &message, &got, &root);
	}
	return err ? err : -EIO;
}
