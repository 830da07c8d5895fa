// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Theory of operation
 *
 * The program of every process of rebind's that others in a namespace can see. It is built
 * statically and carried in the library; mnt/ns/inside.c writes it into a sealed memfd and executes
 * it, so that its memory, environment, command line and program say nothing of the caller. It has
 * no descriptor but its socket (a command's also stdio), and cannot be traced.
 *
 * The first process is told what to enter (IPC_NS) and what it is for (IPC_START). It enters,
 * and where a pid namespace is among them makes the second process, a child of the caller's as it
 * was itself, which
 *   - serves: opens filesystem contexts in its namespaces, with an empty root (inside/serve.c);
 *   - holds: enters a mount namespace, and keeps it alive (inside/hold.c);
 *   - becomes the caller's command (inside/command.c);
 *   - is the name of a mount namespace for a process of CRIU's (inside/door.c);
 *   - is what an RPC client gets as the container's first process (inside/guest.c).
 * It ends if the caller's end of the socket closes before it is released.
 */
#include "inside/inside.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "mnt/ns/inside.h"
#include "mnt/ns/unshare.h"

/* EPERM in a chroot: out of it, then; what is opened by path has been. */
static int unshare_user(void)
{
	if (unshare(CLONE_NEWUSER) == 0)
		return 0;
	int err = -errno;
	cleanup_fd int ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	if (err != -EPERM || ns < 0 || setns(ns, CLONE_NEWNS) < 0)
		return err;
	return unshare(CLONE_NEWUSER) < 0 ? -errno : 0;
}

/* The maps are the caller's to write: it stays outside. */
static int make_user_namespace(int sock)
{
	int answer = 0;
	int err = unshare_user();

	if (!err)
		err = ipc_send(sock, (struct ipc_message){ .type = IPC_MAP }, NULL, -1);
	if (!err)
		err = ipc_await(sock, IPC_ANSWER, &answer, NULL);
	return err ? err : answer;
}

/* Before it enters other namespaces, where it could open neither of them. */
static void take_along(struct inside *in)
{
	if (in->root_fd < 0)
		in->root_fd = inside_empty_root();
	if (in->proc_fd < 0)
		in->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int enter_one(struct inside *in, int flag, const char *name, int fd)
{
	if (setns(fd, flag) < 0)
		return log_error(-errno, "cannot join the %s namespace", name ? name : "");
	if (flag == CLONE_NEWUSER)
		in->has_user = true;
	if (flag == CLONE_NEWPID)
		in->has_pid = true;
	return child_hide();
}

static int make_namespaces(struct inside *in, int make)
{
	if (make & CLONE_NEWUSER) {
		int err = make_user_namespace(in->sock);

		if (!err)
			err = child_hide();
		if (err)
			return log_error(err, "cannot make a user namespace");
		in->has_user = true;
	}
	if (unshare(make & ~CLONE_NEWUSER) < 0)
		return log_error(-errno, "cannot make new namespaces");
	in->has_pid |= (make & CLONE_NEWPID) != 0;
	return 0;
}

/*
 * The second process is in the pid namespace; it is the caller's child as the first one is. Others
 * there can read its mountinfo, which shows what is mounted below its root.
 */
static int go_in(struct inside *in)
{
	if (in->root_fd >= 0 && (fchdir(in->root_fd) < 0 || chroot(".") < 0))
		return log_error(-errno, "cannot leave the caller's root");
	long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid < 0)
		return log_error(-errno, "cannot fork");
	if (pid > 0)
		_exit(ipc_answer(in->sock, (int)pid, -1) ? 1 : 0);
	return child_hide();
}

static int become_root(void)
{
	int err = child_become_root();

	return err ? log_error(err, "cannot become root of the user namespace%s",
			       err == -EINVAL ? ": its maps lack id 0" : "")
		   : 0;
}

static int inside_start_it(struct inside *in, const struct ipc_message *message, int fd)
{
	if (message->start.purpose == INSIDE_GUEST)
		return inside_guest(in);
	if (!in->has_user)
		take_along(in);
	int err = make_namespaces(in, message->start.make);

	/* Before the answer: what is said after it may not be heard. */
	if (!err && in->has_user)
		err = become_root();
	if (!err && in->has_pid && message->start.purpose != INSIDE_HOLD)
		err = go_in(in);
	else if (!err)
		err = ipc_answer(in->sock, (int)getpid(), -1);
	fd_close(&in->root_fd);
	if (message->start.purpose == INSIDE_HOLD || message->start.purpose == INSIDE_DOOR)
		fd_close(&in->proc_fd);
	if (err)
		return err;
	switch (message->start.purpose) {
	case INSIDE_SERVE:
		return inside_serve(in, message->start.above);
	case INSIDE_HOLD:
		return inside_hold_when_told(in);
	case INSIDE_COMMAND:
		return inside_command(in, fd);
	case INSIDE_DOOR:
		return inside_door(in);
	default:
		return -EPROTO;
	}
}

static int listen_to(struct inside *in)
{
	static char buf[IPC_MAX];
	struct ipc_message message;
	const char *texts[4];
	int fd = -EBADF, err = 0;

	/* All is read before an error is told: something unread would reset the connection, and
	 * what was told would be lost. */
	while (ipc_recv(in->sock, buf, &message, texts, &fd) > 0) {
		cleanup_fd int got = fd;

		if (message.type == IPC_START)
			return err ? err : inside_start_it(in, &message, got);
		if (message.type != IPC_NS)
			return -EPROTO;
		if (!in->has_user)
			take_along(in);
		if (!err)
			err = enter_one(in, message.value, texts[0], got);
	}
	return -EIO;
}

/* So that /proc/PID/cmdline and environ are empty. Without CONFIG_CHECKPOINT_RESTORE its own name
 * stays there, which tells nothing. */
static void hide_words(char **argv)
{
	extern char __executable_start, etext, edata;
	uintptr_t here = (uintptr_t)argv[0], brk = (uintptr_t)sbrk(0);
	struct prctl_mm_map map = {
		.start_code = (uintptr_t)&__executable_start,
		.end_code = (uintptr_t)&etext,
		.start_data = (uintptr_t)&etext,
		.end_data = (uintptr_t)&edata,
		.start_brk = brk,
		.brk = brk,
		.start_stack = (uintptr_t)argv,
		.arg_start = here,
		.arg_end = here,
		.env_start = here,
		.env_end = here,
		.exe_fd = (uint32_t)-1,
	};

	prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0);
}

static void behave(bool is_command)
{
	sigset_t none;

	prctl(PR_SET_NAME, "rebind-inside");
	/* The caller's handling of signals is its command's; nothing of ours has any of it. */
	if (is_command)
		return;
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* A terminal's keys are not for it: it ends when the socket does. */
	setsid();
}

int main(int argc, char **argv)
{
	struct inside in = { .sock = INSIDE_SOCK, .root_fd = -EBADF, .proc_fd = -EBADF };

	if (prctl(PR_SET_DUMPABLE, 0) < 0 || fcntl(in.sock, F_SETFD, FD_CLOEXEC) < 0)
		return 1;
	child_close_from(INSIDE_SOCK + 1);
	hide_words(argv);
	behave(argc > 1);
	log_to(ipc_log_sink, &in.sock, LOG_DEBUG);
	int err = listen_to(&in);

	/* The caller may be gone: then this process ends as well. */
	(void)ipc_answer(in.sock, err < 0 ? err : -EIO, -1);
	return 1;
}
