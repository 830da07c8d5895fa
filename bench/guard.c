// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * `guard REBIND`: what must not creep back, in counts, which are the same on a slow machine and on
 * a busy one: system calls of a dump and a restore, whole processes, and how they grow; bytes of
 * memory for each mount; the libraries that are loaded. Exit status 1 if one is above its limit.
 *
 * The namespace is a root, N flat binds from outside, a /proc and an empty tmpfs.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>

#include "bench/files.h"
#include "bench/target.h"

enum { SMALL = 10, MIDDLE = 1000, LARGE = 4000, ROUNDS = 7 };

/* A few above what is needed. */
enum {
	RESTORE_CALLS = 250,
	RESTORE_PER_MOUNT = 4,
	DUMP_CALLS = 310,
	DUMP_PER_MOUNT = 1,
	BYTES_MAX = 480,
};

struct counts {
	long calls, rss;      /* KiB */
	char libraries[4096]; /* each with a space before and behind */
};

static int failed;

static void judge(const char *what, double value, double limit)
{
	bool good = value <= limit;

	printf("%s %-58s %8.2f (at most %g)\n", good ? "ok    " : "not ok", what, value, limit);
	failed |= !good;
}

/* ---- counting ---- */

/* At its end, before its memory goes: the libraries of a process. */
static void note_libraries(pid_t pid, struct counts *counts)
{
	char name[64], line[4352], word[300];

	snprintf(name, sizeof(name), "/proc/%d/maps", (int)pid);
	FILE *maps = fopen(name, "re");

	while (maps && fgets(line, sizeof(line), maps)) {
		char *file = strrchr(line, '/');

		if (!file || !strstr(file, ".so"))
			continue;
		snprintf(word, sizeof(word), " %.*s ", (int)strcspn(file + 1, ".\n"), file + 1);
		if (!strstr(counts->libraries, word) &&
		    strlen(counts->libraries) + strlen(word) < sizeof(counts->libraries))
			strcat(counts->libraries, word);
	}
	if (maps)
		fclose(maps);
}

static int note_stop(pid_t pid, int status, struct counts *counts)
{
	int signal = WSTOPSIG(status), event = status >> 16;

	if (signal == (SIGTRAP | 0x80)) {
		struct __ptrace_syscall_info info;

		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0)
			counts->calls += info.op == PTRACE_SYSCALL_INFO_ENTRY;
		return 0;
	}
	if (event == PTRACE_EVENT_EXIT)
		note_libraries(pid, counts);
	/* A new process begins with a stop of its own. */
	return event || signal == SIGSTOP || signal == SIGTRAP ? 0 : signal;
}

static pid_t start_traced(const char *const argv[], int keep_fd)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		if (keep_fd >= 0)
			fcntl(keep_fd, F_SETFD, 0);
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		execv(argv[0], (char *const *)argv);
		err(127, "%s", argv[0]);
	}
	waitpid(pid, &status, 0);
	if (ptrace(PTRACE_SETOPTIONS, pid, 0,
		   PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			   PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL) < 0)
		err(1, "ptrace");
	ptrace(PTRACE_SYSCALL, pid, 0, 0);
	return pid;
}

static void count(const char *const argv[], int keep_fd, struct counts *counts)
{
	pid_t first = start_traced(argv, keep_fd), pid;
	int status, result = -1;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status))
			ptrace(PTRACE_SYSCALL, pid, 0, note_stop(pid, status, counts));
		else if (pid == first)
			result = status;
	}
	if (result)
		errx(1, "%s %s ended with status 0x%x", argv[0], argv[1], (unsigned int)result);
}

/* In a process that has no other children. */
static void count_apart(const char *const argv[], int keep_fd, struct counts *counts)
{
	struct counts *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	if (shared == MAP_FAILED)
		err(1, "mmap");
	pid_t pid = fork();

	if (pid == 0) {
		count(argv, keep_fd, shared);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status)
		errx(1, "%s %s was not counted", argv[0], argv[1]);
	counts->calls = shared->calls;
	memcpy(counts->libraries, shared->libraries, sizeof(counts->libraries));
	munmap(shared, sizeof(*shared));
}

/* ---- the namespace, and what is run on it ---- */

static void make_mount(const char *from, const char *format, int i)
{
	char source[64], target[64];

	snprintf(source, sizeof(source), BASE "/%s/%d", from, i);
	snprintf(target, sizeof(target), format, i);
	if (mount(source, target, NULL, MS_BIND, NULL) < 0)
		err(1, "%s", target);
}

/* The target's root: a mount of its own, which its child copies with all that is on it. */
static void mount_all(int n)
{
	if (mount(BASE "/root", BASE "/root", NULL, MS_BIND, NULL) < 0 ||
	    mount("proc", BASE "/root/proc", "proc", 0, NULL) < 0)
		err(1, "mount");
	for (int i = 0; i < n; i++)
		make_mount("sources", BASE "/root/%d", i);
}

static pid_t start_container(int n)
{
	int out[2];
	char byte;

	if (pipe2(out, O_CLOEXEC) < 0)
		err(1, "pipe2");
	pid_t pid = fork();

	if (pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || unshare(CLONE_NEWNS) < 0)
			err(1, "unshare");
		mount_all(n);
		if (chdir(BASE "/root") < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
		    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0 ||
		    mount("tmpfs", "t", "tmpfs", 0, NULL) < 0 || write(out[1], "r", 1) != 1)
			err(1, "the namespace to dump");
		for (;;)
			pause();
	}
	close(out[1]);
	if (pid < 0 || read(out[0], &byte, 1) != 1)
		errx(1, "the namespace to dump was not made");
	close(out[0]);
	return pid;
}

/* The kernel counts pages apart on each processor, and adds them up now and then: a few hundred KiB
 * more or less from run to run. */
static void measure_memory(const char *const dump_argv[], const char *restore_argv[],
			   int socket_arg, struct counts *dumped, struct counts *restored)
{
	double dump_rss[ROUNDS], restore_rss[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		new_image();
		dump_rss[i] = (double)run_argv(dump_argv).rss;
		restore_rss[i] = (double)run_sender(restore_argv, socket_arg).rss;
	}
	dumped->rss = (long)median(dump_rss, ROUNDS);
	restored->rss = (long)median(restore_rss, ROUNDS);
}

static void measure(int n, struct counts *dumped, struct counts *restored)
{
	pid_t pid = start_container(n);
	char word[16], sock[16];
	int pair[2];

	snprintf(word, sizeof(word), "%d", (int)pid);
	write_words(BASE "/dump", "mnt[/%d]:k%d\n", n);
	write_words(BASE "/restore", "mnt[k%d]:" BASE "/volumes/%d\n", n);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "socketpair");
	snprintf(sock, sizeof(sock), "%d", pair[1]);
	const char *dump_argv[] = {
		rebind,	      "dump", "-t", word, "-D", BASE "/image", "--external-from",
		BASE "/dump", NULL
	};
	const char *restore_argv[] = { rebind,
				       "restore",
				       "-D",
				       BASE "/image",
				       "--root",
				       BASE "/newroot",
				       "--external-from",
				       BASE "/restore",
				       "--send-fd",
				       sock,
				       NULL };

	new_image();
	/* The target is a child, too: it is waited for by the count otherwise. */
	count_apart(dump_argv, -1, dumped);
	count_apart(restore_argv, pair[1], restored);
	measure_memory(dump_argv, restore_argv, 9, dumped, restored);
	close(pair[0]);
	close(pair[1]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---- the limits ---- */

static void judge_libraries(const char *what, const struct counts *counts)
{
	static const char *const light[] = { "ld-linux-x86-64", "ld-linux-aarch64", "libc",
					     "libprotobuf-c" };
	char copy[sizeof(counts->libraries)], *rest = copy, *name;

	strcpy(copy, counts->libraries);
	while ((name = strsep(&rest, " "))) {
		bool known = !*name;

		for (size_t i = 0; i < sizeof(light) / sizeof(*light); i++)
			known |= strcmp(light[i], name) == 0;
		if (known)
			continue;
		printf("not ok %s loads %s\n", what, name);
		failed = 1;
	}
	printf("      %s:%s\n", what, counts->libraries);
}

static double exponent(long few, long many)
{
	return log((double)many / (double)few) / log((double)LARGE / MIDDLE);
}

static void judge_growth(const char *verb, const struct counts *small, const struct counts *middle,
			 const struct counts *large, double calls, double calls_per_mount)
{
	char what[64];

	snprintf(what, sizeof(what), "%s of %d mounts: system calls", verb, SMALL);
	judge(what, (double)small->calls, calls);
	snprintf(what, sizeof(what), "%s: system calls for each more mount", verb);
	judge(what, (double)(large->calls - middle->calls) / (LARGE - MIDDLE), calls_per_mount);
	snprintf(what, sizeof(what), "%s: growth exponent of system calls", verb);
	judge(what, exponent(middle->calls, large->calls), 1.15);
	snprintf(what, sizeof(what), "%s: bytes of memory for each more mount", verb);
	judge(what, (double)(large->rss - middle->rss) * 1024 / (LARGE - MIDDLE), BYTES_MAX);
	judge_libraries(verb, small);
}

/* A restore asks about those of the caller's mounts that sources lie on, and no others. */
static void measure_beside_others(const struct counts *alone)
{
	enum { OTHERS = 300 };
	static struct counts dumped, restored;

	mkdir(BASE "/others", 0755);
	for (int i = 0; i < OTHERS; i++)
		if (mount(BASE "/others", BASE "/others", NULL, MS_BIND, NULL) < 0)
			err(1, "others");
	measure(SMALL, &dumped, &restored);
	judge("restore of 10 mounts: system calls for 300 mounts of the caller's",
	      (double)(restored.calls - alone->calls), 10);
}

int main(int argc, char **argv)
{
	static const int sizes[] = { SMALL, MIDDLE, LARGE };
	static struct counts dumps[3], restores[3];

	if (argc != 2)
		errx(2, "usage: guard REBIND");
	enter_base(argv[1]);
	if (mkdir(BASE "/root/proc", 0755) < 0 || mkdir(BASE "/newroot/proc", 0755) < 0)
		err(1, "proc");
	make_directories(BASE "/sources", LARGE);
	make_directories(BASE "/volumes", LARGE);
	make_directories(BASE "/root", LARGE);
	make_directories(BASE "/newroot", LARGE);
	for (int i = 0; i < 3; i++)
		measure(sizes[i], &dumps[i], &restores[i]);
	measure_beside_others(&restores[0]);
	judge_growth("restore", &restores[0], &restores[1], &restores[2], RESTORE_CALLS,
		     RESTORE_PER_MOUNT);
	judge_growth("dump", &dumps[0], &dumps[1], &dumps[2], DUMP_CALLS, DUMP_PER_MOUNT);
	return failed;
}
