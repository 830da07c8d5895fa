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

#include "base/fd.h"
#include "mnt/ns/inside.h"

#define END_MS 10000 /* what a killed process may take to be gone */

static const struct {
	const char *name;
	uint32_t flag;
} kinds[HOLDER_KINDS] = {
	[HOLDER_PID] = { "pid", CLONE_NEWPID },		 [HOLDER_NET] = { "net", CLONE_NEWNET },
	[HOLDER_IPC] = { "ipc", CLONE_NEWIPC },		 [HOLDER_UTS] = { "uts", CLONE_NEWUTS },
	[HOLDER_CGROUP] = { "cgroup", CLONE_NEWCGROUP },
};

const char *holder_name(enum holder_kind kind, uint32_t *ret_flag)
{
	if (ret_flag)
		*ret_flag = kinds[kind].flag;
	return kinds[kind].name;
}

int holder_kind(const char *name, uint32_t *ret_flag)
{
	for (int i = 0; i < HOLDER_KINDS; i++)
		if (strcmp(kinds[i].name, name) == 0) {
			holder_name((enum holder_kind)i, ret_flag);
			return i;
		}
	return -EINVAL;
}

static pid_t clone_holder(const struct holder_wish *wish, int *ret_pidfd)
{
	struct clone_args args = {
		.flags = wish->make | CLONE_PIDFD | (wish->is_sibling ? CLONE_PARENT : 0),
		.pidfd = (uintptr_t)ret_pidfd,
		.exit_signal = wish->is_sibling ? 0 : SIGCHLD,
	};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	return pid < 0 ? -errno : (pid_t)pid;
}

/* A pid namespace is entered by children only: ours in between would be among them. */
static int join_pid(const struct holder_wish *wish, int *ret_own)
{
	if (wish->join[HOLDER_PID] < 0)
		return 0;
	*ret_own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	if (*ret_own < 0 || setns(wish->join[HOLDER_PID], CLONE_NEWPID) < 0)
		return -errno;
	return 0;
}

static int await(struct holder *holder)
{
	int answer = 0;
	int err = talk_await(holder->sock, TALK_ANSWER, &answer, NULL);

	return err ? err : answer;
}

/* It joins the others by itself; the pid namespace is there. */
static int send_to(struct holder *holder, const struct holder_wish *wish)
{
	struct talk_message start = { .type = TALK_START, .value = INSIDE_GUEST };
	int err = 0;

	for (int i = 0; i < HOLDER_KINDS && !err; i++)
		if (i != HOLDER_PID && wish->join[i] >= 0)
			err = talk_send(holder->sock,
					(struct talk_message){ .type = TALK_NS,
							       .value = (int32_t)kinds[i].flag },
					(const char *const[4]){ kinds[i].name }, wish->join[i]);
	return err ? err : talk_send(holder->sock, start, NULL, -1);
}

int holder_start(const struct holder_wish *wish, struct holder *ret)
{
	cleanup_fd int own = -EBADF;
	cleanup_fd int program = inside_seal();
	int pair[2], pidfd = -EBADF;
	int err = program < 0 ? program : fd_pair(pair);

	if (err)
		return err;
	cleanup_fd int mine = pair[0];
	cleanup_fd int its = pair[1];

	err = join_pid(wish, &own);
	if (err)
		return err;
	pid_t pid = clone_holder(wish, &pidfd);

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
	*ret = (struct holder){
		.pid = pid, .pidfd = pidfd, .sock = fd_take(&mine), .is_sibling = wish->is_sibling
	};
	fd_close(&its);
	if (!err)
		err = send_to(ret, wish);
	return err ? err : await(ret);
}

int holder_enter(struct holder *holder, int mntns_fd)
{
	int err =
		talk_send(holder->sock, (struct talk_message){ .type = TALK_HOLD }, NULL, mntns_fd);

	return err ? err : await(holder);
}

int holder_release(struct holder *holder, int sock, const void *answer, size_t size)
{
	if (size > INSIDE_ANSWER_MAX)
		return -EMSGSIZE;
	int err = talk_send(holder->sock, (struct talk_message){ .type = TALK_GO }, NULL, sock);

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

void holder_end(struct holder *holder)
{
	struct pollfd gone = { .fd = holder->pidfd, .events = POLLIN };
	int saved = errno;

	if (holder->pid > 0) {
		syscall(SYS_pidfd_send_signal, holder->pidfd, SIGKILL, NULL, 0);
		poll(&gone, 1, END_MS);
		if (!holder->is_sibling)
			waitpid(holder->pid, NULL, 0);
	}
	fd_close(&holder->sock);
	fd_close(&holder->pidfd);
	holder->pid = 0;
	errno = saved;
}
