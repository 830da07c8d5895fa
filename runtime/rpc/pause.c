// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/pause.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/sys.h"
#include "mnt/ns/inside.h"

#define END_MS 10000 /* what a killed process may take to be gone */

static pid_t clone_holder(const struct pause_request *ns_request, int *ret_pidfd)
{
	struct clone_args args = {
		.flags = ns_request->make | CLONE_PIDFD |
			 (ns_request->is_sibling ? CLONE_PARENT : 0),
		.pidfd = (uintptr_t)ret_pidfd,
		.exit_signal = ns_request->is_sibling ? 0 : SIGCHLD,
	};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	return pid < 0 ? -errno : (pid_t)pid;
}

/* A pid namespace is entered by children only: ours in between would be among them. */
static int join_pid(const struct pause_request *ns_request, int *ret_own)
{
	if (ns_request->join[NS_PID] < 0)
		return 0;
	*ret_own = ns_open(0, "pid");
	if (*ret_own < 0)
		return *ret_own;
	if (setns(ns_request->join[NS_PID], CLONE_NEWPID) < 0)
		return -errno;
	return 0;
}

static int await(struct pause *holder)
{
	int answer = 0;
	int err = holder->is_sibling ? child_await_sibling(holder->pid, holder->pidfd, holder->sock)
				     : child_await(holder->pid, holder->sock);

	if (!err)
		err = ipc_await(holder->sock, IPC_ANSWER, &answer, NULL);
	return err ? err : answer;
}

/* It joins the others by itself; the pid namespace is there. */
static int send_to(struct pause *holder, const struct pause_request *ns_request)
{
	struct ipc_message start = { .type = IPC_START, .start = { .purpose = INSIDE_GUEST } };
	int err = 0;

	for (size_t i = 0; i < NS_USER && !err; i++)
		if (i != NS_PID && ns_request->join[i] >= 0)
			err = ipc_send(
				holder->sock,
				(struct ipc_message){ .type = IPC_NS, .value = ns_kinds[i].flag },
				(const char *const[4]){ ns_kinds[i].name }, ns_request->join[i]);
	return err ? err : ipc_send(holder->sock, start, NULL, -1);
}

int pause_start(const struct pause_request *ns_request, struct pause *ret)
{
	cleanup_fd int own = -EBADF;
	cleanup_fd int program = inside_seal();
	int pair[2], pidfd = -EBADF;
	int err = program < 0 ? program : fd_pair(pair);

	if (err)
		return err;
	cleanup_fd int mine = pair[0];
	cleanup_fd int its = pair[1];

	err = join_pid(ns_request, &own);
	if (err)
		return err;
	pid_t pid = clone_holder(ns_request, &pidfd);

	if (pid == 0) {
		/* Between here and there it is seen in a pid namespace that it joins. */
		if (prctl(PR_SET_DUMPABLE, 0) < 0)
			_exit(1);
		inside_execute(program, its, false);
	}
	if (own >= 0 && setns(own, CLONE_NEWPID) < 0)
		err = -errno;
	if (pid < 0)
		return pid;
	*ret = (struct pause){ .pid = pid,
			       .pidfd = pidfd,
			       .sock = fd_take(&mine),
			       .is_sibling = ns_request->is_sibling };
	fd_close(&its);
	if (!err)
		err = send_to(ret, ns_request);
	return err ? err : await(ret);
}

int pause_enter(struct pause *holder, int mntns_fd)
{
	int err = ipc_send(holder->sock, (struct ipc_message){ .type = IPC_HOLD }, NULL, mntns_fd);

	return err ? err : await(holder);
}

int pause_release(struct pause *holder, int sock, const void *answer, size_t size)
{
	if (size > INSIDE_ANSWER_MAX)
		return -EMSGSIZE;
	int err = ipc_send(holder->sock, (struct ipc_message){ .type = IPC_GO }, NULL, sock);

	if (!err)
		err = fd_send(holder->sock, answer, size, -1);
	if (!err)
		err = await(holder);
	if (err)
		return err;
	fd_close(&holder->sock);
	fd_close(&holder->pidfd);
	holder->pid = 0;
	return 0;
}

void pause_end(struct pause *holder)
{
	struct pollfd gone = { .fd = holder->pidfd, .events = POLLIN };
	int saved = errno;

	if (holder->pid > 0) {
		sys_pidfd_kill(holder->pidfd);
		poll(&gone, 1, END_MS);
		if (!holder->is_sibling)
			waitpid(holder->pid, NULL, 0);
	}
	fd_close(&holder->sock);
	fd_close(&holder->pidfd);
	holder->pid = 0;
	errno = saved;
}
