// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/ns/helper.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "mnt/ns/inside.h"
#include "mnt/ns/request.h"
#include "mnt/ipc/message.h"

/* ---- a new user namespace ---- */

static int write_map(pid_t pid, const char *file)
{
	/* Every id is itself: what differs is who owns the mounts and what its root may do. */
	static const char map[] = "0 0 4294967295\n";
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/%s", (int)pid, file);
	cleanup_fd int fd = open(name, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd_write_all(fd, map, sizeof(map) - 1);
}

/* Our side of what inside/ does. */
static int map_all(int sock, pid_t pid)
{
	int err = ipc_await(sock, IPC_MAP, NULL, NULL);

	if (err)
		return err;
	err = write_map(pid, "uid_map");
	if (!err)
		err = write_map(pid, "gid_map");
	if (err)
		log_error(err, "cannot write the maps of a new user namespace");
	int said = ipc_answer(sock, err, -1);

	return err ? err : said;
}

/* ---- in the caller and the builder ---- */

/* The helper's namespace of a kind, or a negative errno: it is the caller's own as well. To enter
 * that again takes privileges in the user namespace that owns it. */
static int open_other(const struct ns_helper *ns_helper, const char *name)
{
	int fd = ns_open(ns_helper->pid, name);

	if (ns_is_own(fd, name))
		fd_close(&fd);
	return fd;
}

static int open_namespaces(struct ns_helper *ns_helper)
{
	for (size_t i = 0; i < NS_USER; i++)
		ns_helper->other_fds[i] = open_other(ns_helper, ns_kinds[i].name);
	if (ns_helper->has_user)
		ns_helper->user_fd = ns_open(ns_helper->pid, "user");
	return ns_helper->has_user && ns_helper->user_fd < 0 ? ns_helper->user_fd : 0;
}

static int send_start(int sock, int purpose, int make, uint64_t above, int fd)
{
	struct ipc_message message = {
		.type = IPC_START,
		.start = { purpose, make, above },
	};

	return ipc_send(sock, message, NULL, fd);
}

/* In this order: joining the user namespace takes away what joining the others needs. */
static int send_namespaces(int sock, const int fds[NS_KINDS])
{
	int err = 0;

	for (size_t i = 0; i < NS_KINDS && !err; i++)
		if (fds[i] >= 0)
			err = ipc_send(
				sock,
				(struct ipc_message){ .type = IPC_NS, .value = ns_kinds[i].flag },
				(const char *const[4]){ ns_kinds[i].name }, fds[i]);
	return err;
}

/* Return: 0, there is a message; -EIO: the process has ended, and there is none. */
static int await_message(int sock, pid_t pid, int pidfd)
{
	struct pollfd wait[] = {
		{ .fd = sock, .events = POLLIN },
		{ .fd = pidfd, .events = POLLIN },
	};
	int err = child_poll(pid, wait, ARRAY_SIZE(wait));

	if (err)
		return err;
	/* What it said before its end is there by now. */
	return wait[0].revents || poll(wait, 1, 0) > 0 ? 0 : -EIO;
}

/*
 * Of the first process itself: killed between the making of the second and its answer, it leaves
 * the socket open in the second, which waits for us.
 */
static int await_first(int sock, pid_t pid, int *ret_number)
{
	cleanup_free char *buf = malloc(IPC_MAX);
	cleanup_fd int pidfd = sys_pidfd_open((int)pid);
	struct ipc_message message;
	const char *texts[4];

	for (int err = buf ? 0 : -ENOMEM;;) {
		if (!err)
			err = await_message(sock, pid, pidfd);
		int got = err ? err : ipc_recv(sock, buf, &message, texts, NULL);

		if (got <= 0)
			return got ? got : -EIO;
		if (message.type != IPC_LOG)
			break;
		log_line((enum log_level)message.value, "%s", texts[0] ? texts[0] : "");
	}
	*ret_number = message.value;
	return message.type == IPC_ANSWER ? 0 : -EPROTO;
}

/*
 * The first process has answered with the number of the one that does the work: itself, or where a
 * pid namespace is entered its sibling. @pid becomes that.
 */
static int await_second(int sock, pid_t *pid)
{
	int number = 0;
	int err = await_first(sock, *pid, &number);

	/* What could not be received is still there: whoever it names must be ended. */
	if (err && await_first(sock, *pid, &number))
		return err;
	if (!err && number < 0)
		err = number;
	if (number <= 0 || number == *pid)
		return err;
	child_wait(*pid, NULL);
	*pid = number;
	return err;
}

/* The second process can be stopped by others, if it joins theirs. */
static int go(struct ns_helper *ns_helper)
{
	int answer = 0;
	int sent = ipc_send(ns_helper->sock, (struct ipc_message){ .type = IPC_GO }, NULL, -1);
	/* Where it has ended, it may have said why before. */
	int err = ipc_await_child(ns_helper->pid, ns_helper->sock, IPC_ANSWER, &answer, NULL);

	return err ? err : answer ? answer : sent;
}

/* Return: 0 or a negative errno; @ret_said: the process has said why, and what it said is logged.
 */
static int helper_settle(const struct ns_request *ns_request, struct ns_helper *ns_helper,
			 bool *ret_said)
{
	int err = send_namespaces(ns_helper->sock, ns_request->join);

	if (!err)
		err = send_start(ns_helper->sock, INSIDE_SERVE, ns_request->make, ns_request->above,
				 -1);
	if (err)
		return err;
	if (ns_request->make & CLONE_NEWUSER)
		err = map_all(ns_helper->sock, ns_helper->pid);
	if (!err)
		err = await_second(ns_helper->sock, &ns_helper->pid);
	if (!err)
		err = go(ns_helper);
	*ret_said = err && err != -EIO && err != -EPIPE;
	return err ? err : open_namespaces(ns_helper);
}

static int helper_start(const struct ns_request *ns_request, struct ns_helper *ret)
{
	bool said = false;

	*ret = NS_HELPER_NONE;
	ret->has_user = (ns_request->make & CLONE_NEWUSER) || ns_request->join[NS_USER] >= 0;
	ret->has_pid = ns_request->make & CLONE_NEWPID;
	ret->joins_pid = ns_request->join[NS_PID] >= 0;
	int err = inside_start(false, &ret->pid, &ret->sock);

	if (!err)
		err = helper_settle(ns_request, ret, &said);
	if (err)
		ns_helper_stop(ret);
	if (!err || said)
		return err;
	log_error(ipc_lost(err), "cannot start a process in the namespaces of --join-ns and "
				 "--new-ns");
	return err;
}

int ns_helper_check(const char *const *join, size_t n_join, const char *new_ns,
		    struct findings *findings)
{
	cleanup_ns_request struct ns_request ns_request = { 0 };

	ns_request_read(join, n_join, new_ns, &ns_request, findings);
	return findings->lost ? -ENOMEM : 0;
}

int ns_helper_start(const char *const *join, size_t n_join, const char *new_ns, uint64_t above,
		    struct ns_helper *ret, struct findings *findings)
{
	cleanup_ns_request struct ns_request ns_request = { .above = above };
	size_t before = findings->n;

	*ret = NS_HELPER_NONE;
	ns_request_read(join, n_join, new_ns, &ns_request, findings);
	if (findings->n > before || findings->lost)
		return -EINVAL;
	return n_join || ns_request.make ? helper_start(&ns_request, ret) : 0;
}

int ns_helper_fsopen(struct ns_helper *ns_helper, const char *fstype)
{
	int answer = 0, fd = -EBADF;

	if (!ns_helper || !ns_helper->pid) {
		fd = fsopen(fstype, FSOPEN_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	int err = ipc_send(ns_helper->sock, (struct ipc_message){ .type = IPC_OPEN },
			   (const char *const[4]){ fstype }, -1);

	if (!err)
		err = ipc_await(ns_helper->sock, IPC_ANSWER, &answer, &fd);
	if (err)
		return ipc_lost(err);
	return answer ? answer : fd;
}

/* Send the helper's namespaces to a process that enters them. Return: 0 or a negative errno. */
static int send_keepers(const struct ns_helper *ns_helper, int sock, bool pid_too)
{
	int fds[NS_KINDS];

	for (size_t i = 0; i < NS_KINDS; i++)
		fds[i] = i == NS_PID && !pid_too ? -EBADF : open_other(ns_helper, ns_kinds[i].name);
	int err = send_namespaces(sock, fds);

	for (size_t i = 0; i < NS_KINDS; i++)
		fd_close(&fds[i]);
	return err;
}

int ns_helper_launch(struct ns_helper *ns_helper, int purpose, int words_fd, pid_t *ret_pid,
		     int *ret_sock)
{
	cleanup_child pid_t pid = 0;
	cleanup_fd int sock = -EBADF;
	int err = inside_start(purpose == INSIDE_COMMAND, &pid, &sock);

	if (!err && ns_helper->pid)
		err = send_keepers(ns_helper, sock, purpose == INSIDE_COMMAND);
	if (!err)
		err = send_start(sock, purpose, 0, 0, words_fd);
	if (err)
		return err;
	pid_t first = pid;

	err = await_second(sock, &pid);
	if (err) {
		ns_helper->has_lost = pid == first;
		return err;
	}
	*ret_pid = pid;
	*ret_sock = fd_take(&sock);
	pid = 0;
	return 0;
}

int ns_helper_enter(const struct ns_helper *ns_helper, const char *name)
{
	for (size_t i = 0; ns_helper && ns_helper->pid && i < NS_USER; i++)
		if (strcmp(ns_kinds[i].name, name) == 0 && ns_helper->other_fds[i] >= 0)
			return setns(ns_helper->other_fds[i], ns_kinds[i].flag) < 0 ? -errno
										    : child_hide();
	return 0;
}

int ns_helper_enter_user(const struct ns_helper *ns_helper)
{
	if (!ns_helper || !ns_helper->has_user)
		return 0;
	if (setns(ns_helper->user_fd, CLONE_NEWUSER) < 0)
		return -errno;
	return child_become_root();
}

static int tell_to_hold(pid_t pid, int sock, enum ipc_type how, int mntns_fd, int root_fd)
{
	int answer = 0;
	int err = ipc_send(sock, (struct ipc_message){ .type = IPC_ROOT }, NULL, root_fd);

	if (!err)
		err = ipc_send(sock, (struct ipc_message){ .type = how }, NULL, mntns_fd);
	if (!err)
		err = ipc_await_child(pid, sock, IPC_ANSWER, &answer, NULL);
	return err ? err : answer;
}

int ns_helper_hold(pid_t pid, int sock, int mntns_fd, int root_fd)
{
	return tell_to_hold(pid, sock, IPC_HOLD, mntns_fd, root_fd);
}

int ns_helper_hold_beside(pid_t pid, int sock, int mntns_fd, int root_fd)
{
	return tell_to_hold(pid, sock, IPC_BESIDE, mntns_fd, root_fd);
}

void ns_helper_forget(struct ns_helper *ns_helper)
{
	fd_close(&ns_helper->user_fd);
	for (size_t i = 0; i < NS_USER; i++)
		fd_close(&ns_helper->other_fds[i]);
	*ns_helper = NS_HELPER_NONE;
}

void ns_helper_stop(struct ns_helper *ns_helper)
{
	fd_close(&ns_helper->sock);
	/* Never of pid 0, which is the caller's whole process group. */
	if (ns_helper->has_lost && ns_helper->pid > 0)
		kill(ns_helper->pid, SIGKILL);
	else
		child_kill(&ns_helper->pid);
	ns_helper_forget(ns_helper);
}
