/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CRIU beside rebind: a whole process, as small as one can be, in a namespace of N binds. The
 * program is REBIND_CRIU's, as for `rebind criu`, or the one in PATH.
 */
#ifndef REBIND_BENCH_CRIU_H
#define REBIND_BENCH_CRIU_H

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "bench/files.h"
#include "bench/measure.h"

struct criu {
	pid_t pid;		      /* dumped; 0: there is none */
	const char **dump, **restore; /* argv */
};

static const char *criu_program(void)
{
	const char *named = getenv("REBIND_CRIU");

	return named && *named ? named : "criu";
}

/* In the namespace, without a descriptor: nothing of it is outside. */
static void criu_become(int ns_fd)
{
	char *const argv[] = { (char *)"nothing", (char *)"lives", NULL };
	char *const env[] = { NULL };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || setns(ns_fd, CLONE_NEWNS) < 0 ||
	    chdir("/") < 0 || setsid() < 0)
		_exit(1);
	close_range(0, ~0U, 0);
	execve("/nothing", argv, env);
	_exit(1);
}

/* @of: a process in the namespace, which has the program "nothing" in its root */
static pid_t criu_start(pid_t of)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/ns/mnt", (int)of);
	int ns_fd = open(name, O_RDONLY | O_CLOEXEC);
	pid_t pid = ns_fd < 0 ? -1 : fork();

	if (pid == 0)
		criu_become(ns_fd);
	if (pid < 0)
		err(1, "a process for CRIU");
	close(ns_fd);
	return pid;
}

/* @dir: of images, on a filesystem of its own */
static struct criu criu_set_up(pid_t of, const char *dir, const char *root, const char *volumes,
			       int n)
{
	struct criu c = { .pid = criu_start(of) };
	char *pid, *source;

	if (asprintf(&pid, "%d", (int)c.pid) < 0 ||
	    asprintf(&source, "mnt[k%%d]:%s/%%d", volumes) < 0)
		err(1, "asprintf");
	const char *dump[] = { criu_program(),	  "dump", "-t",	      pid, "-D", dir,
			       "--leave-running", "-o",	  "dump.log", NULL };
	const char *restore[] = {
		criu_program(),	      "restore", "-D",		dir, "--root", root,
		"--restore-detached", "-o",	 "restore.log", NULL
	};

	c.dump = with_externals(dump, "mnt[/%d]:k%d", n);
	c.restore = with_externals(restore, source, n);
	return c;
}

static void criu_end(struct criu *c)
{
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	c->pid = 0;
}

/* In a pid namespace of its own, where every pid is free; what is restored ends with it. */
static void criu_execute_apart(const char *const argv[])
{
	int status;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
		_exit(1);
	pid_t pid = fork();

	if (pid == 0) {
		if (mount("proc", "/proc", "proc", 0, NULL) < 0)
			_exit(1);
		execute_quietly(argv);
	}
	_exit(pid < 0 || waitpid(pid, &status, 0) < 0 || status ? 1 : 0);
}

/* Seconds, or negative: it is not there, or cannot do it. */
static double criu_dump(const struct criu *c)
{
	return try_run(c->dump, execute_quietly);
}

/* Of what was dumped last. */
static double criu_restore(const struct criu *c)
{
	return try_run(c->restore, criu_execute_apart);
}

#endif
