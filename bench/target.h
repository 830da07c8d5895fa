/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Namespaces to dump, each of a process of its own, below a tmpfs at BASE. */
#ifndef REBIND_BENCH_TARGET_H
#define REBIND_BENCH_TARGET_H

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "bench/measure.h"

#define BASE	  "/tmp"
#define DATA_SIZE "size=3g"

static const char *rebind;

/* A namespace of our own, and in it directories for targets, images and new roots. */
static void enter_base(const char *program)
{
	static const char *const directories[] = { BASE "/root", BASE "/root/t", BASE "/newroot",
						   BASE "/newroot/t", BASE "/image" };

	rebind = realpath(program, NULL);
	if (!rebind)
		err(1, "%s", program);
	close_range(3, ~0U, 0);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("bench", BASE, "tmpfs", 0, "mode=755") < 0)
		err(1, "unshare");
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		if (mkdir(directories[i], 0755) < 0)
			err(1, "%s", directories[i]);
}

static inline void write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err(1, "%s", name);
	close(fd);
}

struct target {
	pid_t pid;
	char word[16]; /* the same */
};

static inline void build_target(void (*fill)(int n), int n, int out)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(BASE "/root", BASE "/root", NULL, MS_BIND, NULL) < 0 || chdir(BASE "/root") < 0 ||
	    syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		err(1, "the namespace to dump");
	if (mount("bench", "t", "tmpfs", 0, DATA_SIZE) < 0)
		err(1, "tmpfs");
	fill(n);
	if (write(out, "r", 1) != 1)
		err(1, "write");
	for (;;)
		pause();
}

static inline struct target start_target(void (*fill)(int n), int n)
{
	struct target target;
	int out[2];
	char word;

	if (pipe2(out, O_CLOEXEC) < 0)
		err(1, "pipe2");
	target.pid = fork();
	if (target.pid == 0)
		build_target(fill, n, out[1]);
	close(out[1]);
	if (target.pid < 0 || read(out[0], &word, 1) != 1)
		errx(1, "the namespace to dump was not made");
	close(out[0]);
	snprintf(target.word, sizeof(target.word), "%d", (int)target.pid);
	return target;
}

static inline void end_target(const struct target *target)
{
	kill(target->pid, SIGKILL);
	waitpid(target->pid, NULL, 0);
}

static struct run run_argv(const char *const argv[])
{
	double begin = now();

	return finish(start(argv, -1, -1), begin, argv[0]);
}

static void new_image(void)
{
	umount2(BASE "/image", MNT_DETACH);
	if (mount("bench", BASE "/image", "tmpfs", 0, DATA_SIZE) < 0)
		err(1, "tmpfs");
}

static inline struct run dump(const struct target *target)
{
	const char *argv[] = { rebind, "dump", "-t", target->word, "-D", BASE "/image", NULL };

	new_image();
	return run_argv(argv);
}

static inline struct run restore(void)
{
	const char *argv[] = { rebind,		"restore",   "-D", BASE "/image", "--root",
			       BASE "/newroot", "--send-fd", "-",  NULL };

	return run_sender(argv, 7);
}

#endif
