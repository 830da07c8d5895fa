// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/holder.h"

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

#include "base/caps.h"
#include "base/child.h"
#include "base/fd.h"

#define ANSWER_MAX 4096
#define END_MS	   10000 /* what a killed process may take to be gone */

/* What it is told; each is answered with an int. */
enum {
	ENTER = 'e', /* a mount namespace comes along */
	GO = 'g'     /* the client's answer, and its socket */
};

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

/* ---- in the holder ---- */

static int join_all(const struct holder_wish *wish)
{
	for (int i = 0; i < HOLDER_KINDS; i++)
		if (i != HOLDER_PID && wish->join[i] >= 0 &&
		    setns(wish->join[i], (int)kinds[i].flag) < 0)
			return -errno;
	return 0;
}

/* Of its maker's files it keeps the socket: others hold what somebody else wants to unmount. */
static int leave_files(int *sock)
{
	cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return -errno;
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (dup2(null, fd) < 0)
			return -errno;
	if (*sock != 3 && dup3(*sock, 3, O_CLOEXEC) < 0)
		return -errno;
	*sock = 3;
	null = -EBADF; /* closed with the rest, if it is not 3 already */
	child_close_from(4);
	return 0;
}

static int enter(int sock, int mntns_fd, int *ret_held)
{
	if (mntns_fd < 0 || setns(mntns_fd, CLONE_NEWNS) < 0)
		return mntns_fd < 0 ? -EBADF : -errno;
	if (chdir("/") < 0)
		return -errno;
	*ret_held = mntns_fd;
	return 0;
}

/* The first process of a pid namespace gets no signal that it does not wait for. */
_Noreturn static void hold(void)
{
	sigset_t all;
	int sig;

	prctl(PR_SET_NAME, "rebind-holder");
	for (;;) {
		sigfillset(&all);
		if (sigwait(&all, &sig))
			_exit(1);
		if (sig == SIGTERM || sig == SIGINT || sig == SIGHUP || sig == SIGQUIT)
			_exit(0);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

/* Who has the answer knows of a holder that lives; who has none, of one that does not. */
static void go(int sock, int client, const void *answer, size_t size, int mntns_fd)
{
	int err = fd_send(client, answer, size, mntns_fd);

	fd_send(sock, &err, sizeof(err), -1);
	if (err)
		_exit(1);
	child_close_from(3);
	hold();
}

/* Not the container's to look into, whatever it may do inside: it is a program of the host. */
static int start(const struct holder_wish *wish, int *sock)
{
	sigset_t all;

	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, NULL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
		return -errno;
	int err = join_all(wish);

	if (!err)
		err = leave_files(sock);
	if (!err && (setsid() < 0 || chdir("/") < 0))
		err = -errno;
	return err;
}

_Noreturn static void run(const struct holder_wish *wish, int sock)
{
	char message[1 + ANSWER_MAX];
	int err = start(wish, &sock), held = -EBADF;

	fd_send(sock, &err, sizeof(err), -1);
	while (!err) {
		int fd = -EBADF;
		ssize_t n = fd_recv(sock, message, sizeof(message), &fd);

		if (n <= 0)
			break; /* its maker is gone */
		if (message[0] == GO)
			go(sock, fd, message + 1, (size_t)n - 1, held);
		err = enter(sock, fd, &held);
		caps_drop();
		fd_send(sock, &err, sizeof(err), -1);
	}
	_exit(1);
}

/* ---- in its maker ---- */

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
	int answer;
	ssize_t n = fd_recv(holder->sock, &answer, sizeof(answer), NULL);

	if (n < 0)
		return (int)n;
	return n == sizeof(answer) ? answer : -ECHILD;
}

int holder_start(const struct holder_wish *wish, struct holder *ret)
{
	cleanup_fd int own = -EBADF;
	int pair[2], pidfd = -EBADF;
	int err = fd_pair(pair);

	if (err)
		return err;
	cleanup_fd int mine = pair[0];
	cleanup_fd int its = pair[1];

	err = join_pid(wish, &own);
	if (err)
		return err;
	pid_t pid = clone_holder(wish, &pidfd);

	if (pid == 0) {
		close(mine);
		run(wish, its);
	}
	if (own >= 0 && setns(own, CLONE_NEWPID) < 0)
		err = -errno;
	if (pid < 0)
		return pid;
	*ret = (struct holder){
		.pid = pid, .pidfd = pidfd, .sock = fd_take(&mine), .is_sibling = wish->is_sibling
	};
	fd_close(&its);
	return err ? err : await(ret);
}

int holder_enter(struct holder *holder, int mntns_fd)
{
	char what = ENTER;
	int err = fd_send(holder->sock, &what, 1, mntns_fd);

	return err ? err : await(holder);
}

int holder_release(struct holder *holder, int sock, const void *answer, size_t size)
{
	char message[1 + ANSWER_MAX] = { GO };

	if (size > ANSWER_MAX)
		return -EMSGSIZE;
	memcpy(message + 1, answer, size);
	int err = fd_send(holder->sock, message, size + 1, sock);

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
