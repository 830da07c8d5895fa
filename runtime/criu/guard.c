// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/criu/guard.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"

#define LIFE_FD	 3
#define PIDFD_FD 4

/* Nothing that ends us may end it, and nobody may wait for what it has open. */
static bool stand_apart(int life_fd, int pidfd)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setsid();
	/* Out of the way of each other. */
	life_fd = fcntl(life_fd, F_DUPFD, PIDFD_FD + 1);
	pidfd = fcntl(pidfd, F_DUPFD, PIDFD_FD + 1);
	if (life_fd < 0 || pidfd < 0 || dup2(life_fd, LIFE_FD) < 0 || dup2(pidfd, PIDFD_FD) < 0)
		return false;
	child_close_from(PIDFD_FD + 1);
	for (int fd = 0; fd < LIFE_FD; fd++)
		close(fd);
	return true;
}

int guard_start(struct guard *guard, void (*fn)(void *data, int pidfd), void *data, int pidfd)
{
	int ends[2];
	char byte;
	int err = fd_pair(ends);

	if (err)
		return log_error(err, "cannot make a socket");
	cleanup_fd int its = ends[0];
	cleanup_fd int ours = ends[1];
	pid_t pid = fork();

	if (pid == 0) {
		if (!stand_apart(its, pidfd))
			_exit(1);
		if (fd_recv(LIFE_FD, &byte, 1, NULL) != 1)
			fn(data, PIDFD_FD);
		_exit(0);
	}
	if (pid < 0)
		return log_error(-errno, "cannot fork");
	*guard = (struct guard){ fd_take(&ours), pid };
	return 0;
}

void guard_end(struct guard *guard)
{
	if (guard->pid > 0) {
		fd_send(guard->life_fd, "", 1, -1);
		child_wait(guard->pid, NULL);
	}
	fd_close(&guard->life_fd);
	guard->pid = 0;
}
