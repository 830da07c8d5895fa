// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/criu/actions.h"

#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/tmpfs.h"
#include "base/sys.h"

#define SOCKET "socket"

/* What the program says. CRIU's longest action is "post-setup-namespaces". */
struct request {
	int32_t root_task;
	char action[60];
};

int actions_path(int fd, char ret[64])
{
	/* Our pid as /proc has it, which is where CRIU will look for it. */
	char self[32];
	ssize_t n = readlink("/proc/self", self, sizeof(self) - 1);

	if (n < 0)
		return log_error(-errno, "cannot find this process in /proc");
	self[n] = '\0';
	snprintf(ret, 64, "/proc/%s/fd/%d", self, fd);
	return 0;
}

static int bind_socket(const char *dir)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	cleanup_fd int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%s/" SOCKET, dir);
	if (sock < 0 || bind(sock, (struct sockaddr *)&name, sizeof(name)) < 0 ||
	    listen(sock, 4) < 0)
		return -errno;
	return fd_take(&sock);
}

int actions_open(struct actions *actions)
{
	char program[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);

	if (n < 0)
		return -errno;
	program[n] = '\0';
	actions->dir_fd = tmpfs_directory();
	if (actions->dir_fd < 0)
		return actions->dir_fd;
	int err = actions_path(actions->dir_fd, actions->path);

	if (!err && symlinkat(program, actions->dir_fd, ACTIONS_PROGRAM) < 0)
		err = -errno;
	if (!err)
		err = actions->sock = bind_socket(actions->path);
	return err < 0 ? err : 0;
}

void actions_close(struct actions *actions)
{
	fd_close(&actions->sock);
	fd_close(&actions->dir_fd);
}

static void actions_answer(struct actions *actions, actions_fn fn, void *data)
{
	struct request request;
	cleanup_fd int sock = accept4(actions->sock, NULL, NULL, SOCK_CLOEXEC);

	if (sock < 0 || recv(sock, &request, sizeof(request), 0) != sizeof(request))
		return;
	request.action[sizeof(request.action) - 1] = '\0';
	int32_t err = fn(data, request.action, request.root_task);

	fd_send(sock, &err, sizeof(err), -1);
}

int actions_serve(struct actions *actions, pid_t criu, actions_fn fn, void *data, int *ret_status)
{
	cleanup_fd int pidfd = sys_pidfd_open(criu);
	struct pollfd polls[] = {
		{ .fd = actions->sock, .events = POLLIN },
		{ .fd = pidfd, .events = POLLIN },
	};

	if (pidfd < 0)
		return pidfd;
	while (!polls[1].revents) {
		if (poll(polls, ARRAY_SIZE(polls), -1) < 0 && errno != EINTR)
			return -errno;
		if (polls[0].revents & POLLIN)
			actions_answer(actions, fn, data);
	}
	int err = child_wait_program(criu, ret_status);

	return err == -ECHILD ? 0 : err; /* how it ended is the caller's to judge */
}

/* ---- the program ---- */

static int actions_fail(const char *what)
{
	fprintf(stderr, "rebind: action '%s': %s: %s\n", getenv("CRTOOLS_SCRIPT_ACTION") ?: "",
		what, strerror(errno));
	return EXIT_FAILURE;
}

int actions_program(const char *self)
{
	const char *action = getenv("CRTOOLS_SCRIPT_ACTION"), *pid = getenv("CRTOOLS_INIT_PID");
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct request request = { .root_task = pid ? atoi(pid) : 0 };
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int32_t err = 0;

	snprintf(request.action, sizeof(request.action), "%s", action ? action : "");
	snprintf(name.sun_path, sizeof(name.sun_path), "%.*s/" SOCKET,
		 (int)(strlen(self) - strlen(ACTIONS_PROGRAM) - 1), self);
	if (sock < 0 || connect(sock, (struct sockaddr *)&name, sizeof(name)) < 0)
		return actions_fail("rebind is not there to answer");
	if (fd_send(sock, &request, sizeof(request), -1) < 0 ||
	    recv(sock, &err, sizeof(err), 0) != sizeof(err)) {
		errno = EPIPE;
		return actions_fail("rebind went away");
	}
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
