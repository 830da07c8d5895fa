// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A container's program: it counts. At each SIGUSR1 it adds one, and writes the sum to the end of a
 * file on a volume, which it keeps open, and to a file in a tmpfs, from which it goes on if it is
 * started anew. Beside that file it listens at a socket, and wants to be heard there.
 *
 *	criu-worker ROOT LOG STATE	ROOT becomes the root; LOG and STATE are paths in it
 *	criu-worker LOG STATE		it is the root already
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static void wake(int number)
{
}

static int listen_at(const struct sockaddr_un *name)
{
	int sock = socket(AF_UNIX, SOCK_STREAM, 0);

	unlink(name->sun_path);
	if (sock < 0 || bind(sock, (const struct sockaddr *)name, sizeof(*name)) < 0 ||
	    listen(sock, 1) < 0)
		return -1;
	return sock;
}

/* Does the name lead to the socket, as it did. */
static int is_heard(int sock, const struct sockaddr_un *name)
{
	int there = socket(AF_UNIX, SOCK_STREAM, 0), here;

	if (there < 0 || connect(there, (const struct sockaddr *)name, sizeof(*name)) < 0)
		return 0;
	here = accept(sock, NULL, NULL);
	close(here);
	close(there);
	return here >= 0;
}

static int count(const char *log_name, const char *state_name)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	char line[16] = "";
	int log = open(log_name, O_WRONLY | O_APPEND | O_CREAT, 0644), sum = 0;
	int state = open(state_name, O_RDWR | O_CREAT, 0600);
	sigset_t set, none;

	snprintf(name.sun_path, sizeof(name.sun_path), "%s.socket", state_name);
	int sock = listen_at(&name);

	if (log < 0 || state < 0 || sock < 0)
		return 98;
	if (pread(state, line, sizeof(line) - 1, 0) > 0)
		sum = atoi(line);
	sigemptyset(&none);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGUSR1, wake);
	for (;;) {
		sigsuspend(&none);
		int n = snprintf(line, sizeof(line), "%d\n", ++sum);

		if (!is_heard(sock, &name))
			return 96;
		if (pwrite(state, line, (size_t)n, 0) != n || write(log, line, (size_t)n) != n)
			return 97;
	}
}

int main(int argc, char **argv)
{
	if (argc == 3)
		return count(argv[1], argv[2]);
	if (argc != 4 || chdir(argv[1]) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chroot(".") < 0)
		return 99;
	setsid();
	prctl(PR_SET_PDEATHSIG, 0); /* CRIU would keep it, and be the parent */
	/* Of the host nothing is open. */
	for (int fd = 0; fd < 3; fd++)
		if (dup2(open("/null", O_RDWR), fd) != fd)
			return 99;
	syscall(SYS_close_range, 3U, ~0U, 0);
	/* Again under the name that it has inside. */
	execl("/worker", "worker", argv[2], argv[3], NULL);
	return 99;
}
