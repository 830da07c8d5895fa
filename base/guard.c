// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/guard.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"

#define LIFE_FD	  3
#define OWN_FD	  4 /* the one that is handed on */
#define PARENT_FD 5
#define FREE_FD	  6

/* Out of the way of each other, then into place. */
static bool place(int *fds, const int *places, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0 && (fds[i] = fcntl(fds[i], F_DUPFD, FREE_FD)) < 0)
			return false;
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0 && dup2(fds[i], places[i]) < 0)
			return false;
	return true;
}

/*
 * What ends us must not end it, and what it has open must not be waited for. Standard error is the
 * exception: its end tells a caller that all is undone.
 */
static bool stand_apart(int life_fd, int own_fd, int parent_fd)
{
	int fds[] = { life_fd, own_fd, parent_fd };
	const int places[] = { LIFE_FD, OWN_FD, PARENT_FD };

	setsid();
	if (!place(fds, places, ARRAY_SIZE(fds)))
		return false;
	child_close_from(parent_fd >= 0 ? FREE_FD : PARENT_FD);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	return true;
}

#define RETRY_US 10000

/*
 * Only an end that is seen is one: to act while the other side lives would take its work away. What
 * fails for another reason is tried again. Return: 1 dismissed, 0 its end, -1 neither.
 */
static int guard_look(bool parent_is_gone)
{
	char byte;
	ssize_t n = recv(LIFE_FD, &byte, 1, parent_is_gone ? MSG_DONTWAIT : 0);

	if (n >= 0)
		return (int)n;
	/* It may have been dismissed just before the end. */
	return parent_is_gone && errno == EAGAIN ? 0 : -1;
}

/* Return: false when it was dismissed. */
static bool await_death(bool has_parent_fd)
{
	struct pollfd wait[] = {
		{ .fd = LIFE_FD, .events = POLLIN },
		{ .fd = has_parent_fd ? PARENT_FD : -1, .events = POLLIN },
	};

	for (;;) {
		int n = poll(wait, ARRAY_SIZE(wait), -1);
		int seen = n > 0 ? guard_look(wait[1].revents != 0) : -1;

		if (seen >= 0)
			return seen == 0;
		usleep(RETRY_US);
	}
}

_Noreturn static void run(int life_fd, enum guard_when when, pid_t parent,
			  void (*fn)(void *data, int fd), void *data, int fd)
{
	int parent_fd = when == GUARD_WE_GONE ? sys_pidfd_open((int)parent) : -EBADF;

	/* Without one, the end of all is the end. */
	if (!stand_apart(life_fd, fd, parent_fd))
		_exit(1);
	if (parent_fd == -ESRCH || await_death(parent_fd >= 0))
		fn(data, OWN_FD);
	_exit(0);
}

int guard_start(struct guard *guard, enum guard_when when, void (*fn)(void *data, int fd),
		void *data, int fd)
{
	pid_t parent = getpid();
	sigset_t all, before;
	int ends[2];

	child_lock();
	int err = fd_pair(ends);

	if (err) {
		child_unlock();
		return log_error(err, "cannot make a socket");
	}
	/* From its first moment on. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = fork();

	if (pid == 0) {
		child_unlock();
		close(ends[1]);
		run(ends[0], when, parent, fn, data, fd);
	}
	err = pid < 0 ? -errno : 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	close(ends[0]);
	child_unlock();
	if (err) {
		close(ends[1]);
		return log_error(err, "cannot fork");
	}
	*guard = (struct guard){ ends[1], pid };
	return 0;
}

void guard_end(struct guard *guard)
{
	if (guard->pid > 0) {
		/* Unheard, it would take the end of the socket for ours. */
		if (fd_send(guard->life_fd, "", 1, -1))
			kill(guard->pid, SIGKILL);
		child_wait(guard->pid, NULL);
	}
	fd_close(&guard->life_fd);
	guard->pid = 0;
}
