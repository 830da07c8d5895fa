/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that are timed. */
#ifndef REBIND_BENCH_MEASURE_H
#define REBIND_BENCH_MEASURE_H

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static inline int by_value(const void *a, const void *b)
{
	double l = *(const double *)a, r = *(const double *)b;

	return l < r ? -1 : l > r;
}

/* They are sorted. */
static inline double median(double *values, int n)
{
	qsort(values, (size_t)n, sizeof(*values), by_value);
	return values[n / 2];
}

struct run {
	double seconds;
	long rss; /* KiB, of the largest process of it */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static pid_t start(const char *const argv[], int keep_fd, int out_fd)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid)
		return pid;
	if (keep_fd >= 0)
		fcntl(keep_fd, F_SETFD, 0);
	if (out_fd >= 0)
		dup2(out_fd, STDOUT_FILENO);
	execv(argv[0], (char *const *)argv);
	err(127, "%s", argv[0]);
}

static struct run finish(pid_t pid, double begin, const char *what)
{
	struct rusage usage;
	int status;

	if (wait4(pid, &status, 0, &usage) < 0)
		err(1, "wait4");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		errx(1, "%s ended with status 0x%x", what, (unsigned int)status);
	return (struct run){ .seconds = now() - begin, .rss = usage.ru_maxrss };
}

/* In a child: a program found in PATH, which says nothing. */
static inline void execute_quietly(const char *const argv[])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < 3; i++)
		dup2(null, i);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

/* Seconds, or -1: a program that does not work here is left out. */
static inline double try_run(const char *const argv[], void (*execute)(const char *const argv[]))
{
	double begin = now();
	int status;
	pid_t pid = fork();

	if (pid == 0)
		execute(argv);
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		err(1, "%s", argv[0]);
	return status ? -1 : now() - begin;
}

/* One raw read of a process' mountinfo: what the kernel alone takes. */
static inline double read_raw(pid_t pid)
{
	char name[64], buf[4096];

	snprintf(name, sizeof(name), "/proc/%d/mountinfo", (int)pid);
	double begin = now();
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", name);
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	close(fd);
	return now() - begin;
}

/* Run something that sends a namespace; it lives until the timing is over. */
static struct run run_sender(const char *argv[], int socket_arg)
{
	int pair[2];
	char number[16];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "socketpair");
	snprintf(number, sizeof(number), "%d", pair[1]);
	argv[socket_arg] = number;
	double begin = now();
	struct run run = finish(start(argv, pair[1], -1), begin, argv[0]);

	/* Closing the socket drops the message, and with it the namespace. */
	close(pair[0]);
	close(pair[1]);
	return run;
}

#endif
