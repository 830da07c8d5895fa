// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a process in the namespaces that a restore joins sees of rebind's processes there, at any
 * moment: nothing by descriptor, working directory, root, program, memory, environment or words.
 *
 * The spies have the maps that matter: all ids as they are, the caller alone, a container's; and
 * none, that is root of the host's user namespace without a capability.
 */
#include "torture.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *const maps[] = { "0 0 4294967295", "0 0 1", "0 100000 65536", NULL };

struct spy {
	pid_t pid; /* the first process of its pid namespace; 0: not started */
	int sock;
	char seen[TEXT_SIZE]; /* what it should not have */
};

static struct spy spies[ARRAY_SIZE(maps)];

/* ---- in the spy ---- */

static void note(char *text, size_t size, const char *pid, const char *what)
{
	size_t n = strlen(text);

	snprintf(text + n, size - n, "%s%s can be read of process %s", n ? "; " : "", what, pid);
}

static void try_link(char *text, size_t size, const char *pid, const char *what)
{
	char path[300], target[300];

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, what);
	if (readlink(path, target, sizeof(target)) >= 0)
		note(text, size, pid, what);
}

/* @any: opening it is enough; else there must be something in it */
static void try_file(char *text, size_t size, const char *pid, const char *what, bool any)
{
	char path[300], byte;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, what);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	while (any || read(fd, &byte, 1) == 1)
		if (any || byte) {
			note(text, size, pid, what);
			break;
		}
	close(fd);
}

static void try_each(char *text, size_t size, const char *pid, const char *dir)
{
	char path[300];
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, dir);
	d = opendir(path);
	for (struct dirent *entry; d && (entry = readdir(d));) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%.200s", dir, entry->d_name);
		try_link(text, size, pid, path);
	}
	if (d)
		closedir(d);
}

/* The mounts of the host, if it lives among them: any path of the lab's is one of theirs. */
static void try_mounts(char *text, size_t size, const char *pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/mountinfo", pid);
	char *table = lab_read(path);

	if (table && strstr(table, "rebind-torture-"))
		note(text, size, pid, "the host's mount table");
	free(table);
}

static void try_calls(char *text, size_t size, const char *pid)
{
	char byte;
	struct iovec own = { &byte, 1 }, other = { (void *)(uintptr_t)0x400000, 1 };
	int pidfd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);

	for (int fd = 0; fd < 16 && pidfd >= 0; fd++) {
		int got = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);

		if (got < 0)
			continue;
		note(text, size, pid, "a descriptor (pidfd_getfd)");
		close(got);
	}
	if (pidfd >= 0)
		close(pidfd);
	if (syscall(SYS_kcmp, atoi(pid), getpid(), 2 /* KCMP_FILES */, 0, 0) >= 0)
		note(text, size, pid, "its files (kcmp)");
	/* It asks what ptrace(2) would; that is no question here: our tracer has them all. */
	if (process_vm_readv(atoi(pid), &own, 1, &other, 1, 0) == 1)
		note(text, size, pid, "memory (process_vm_readv)");
}

/* The command itself may be seen: it is the container's. */
static bool is_command(const char *pid)
{
	char path[64], *comm;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	comm = lab_read(path);
	bool is = strcmp(comm, "inside\n") == 0;

	free(comm);
	return is;
}

/* Return: how many others there were. */
static int walk(char *text, size_t size)
{
	DIR *proc = opendir("/proc");
	int n = 0;

	for (struct dirent *entry; proc && (entry = readdir(proc));) {
		const char *pid = entry->d_name;

		if (!isdigit(pid[0]) || strcmp(pid, "1") == 0 || is_command(pid))
			continue;
		n++;
		try_link(text, size, pid, "cwd");
		try_link(text, size, pid, "root");
		try_link(text, size, pid, "exe");
		try_each(text, size, pid, "fd");
		try_each(text, size, pid, "map_files");
		try_each(text, size, pid, "ns");
		try_file(text, size, pid, "environ", true);
		try_file(text, size, pid, "maps", true);
		try_file(text, size, pid, "mem", true);
		try_file(text, size, pid, "auxv", true);
		try_file(text, size, pid, "syscall", false);
		try_file(text, size, pid, "stack", false);
		try_mounts(text, size, pid);
		try_file(text, size, pid, "cmdline", false);
		try_calls(text, size, pid);
	}
	if (proc)
		closedir(proc);
	return n;
}

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	syscall(SYS_capset, &header, none);
}

_Noreturn static void spy(int sock, bool has_map)
{
	char text[TEXT_SIZE], byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It gets its maps. */
	if (recv(sock, &byte, 1, 0) != 1 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, NULL) < 0)
		_exit(1);
	if (!has_map)
		drop_capabilities();
	send(sock, "", 1, MSG_NOSIGNAL);
	while (recv(sock, &byte, 1, 0) == 1) {
		memset(text, 0, sizeof(text));
		int n = walk(text + 1, sizeof(text) - 1);

		text[0] = (char)('0' + (n < 9 ? n : 9));
		send(sock, text, strlen(text), MSG_NOSIGNAL);
	}
	_exit(0);
}

/* ---- outside ---- */

static bool answers(const struct spy *s, char *text, size_t size)
{
	struct pollfd wait = { .fd = s->sock, .events = POLLIN };
	int64_t limit = lab_now_ms() + 5000;
	ssize_t n = 0;

	/* The tracer's clock interrupts. */
	while (n <= 0 && lab_now_ms() < limit && !(n < 0 && errno != EINTR && errno != EAGAIN))
		n = poll(&wait, 1, 100) > 0 ? recv(s->sock, text, size - 1, MSG_DONTWAIT) : 0;

	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static int start_spy(struct spy *s, const char *map)
{
	int pair[2];
	char path[64], byte[8];
	unsigned long flags = CLONE_NEWPID | CLONE_NEWNS | (map ? CLONE_NEWUSER : 0) | SIGCHLD;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);

	if (pid == 0)
		spy(pair[1], map);
	close(pair[1]);
	if (pid < 0)
		return -1;
	*s = (struct spy){ .pid = pid, .sock = pair[0] };
	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	if (map && lab_write(path, map) < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)pid);
	if (map && lab_write(path, map) < 0)
		return -1;
	return send(s->sock, "", 1, MSG_NOSIGNAL) == 1 && answers(s, byte, sizeof(byte)) ? 0 : -1;
}

static void look(void *data)
{
	struct spy *s = data;
	char text[TEXT_SIZE];

	if (send(s->sock, "", 1, MSG_NOSIGNAL) != 1 || !answers(s, text, sizeof(text)))
		snprintf(s->seen, sizeof(s->seen), "the spy does not answer");
	else
		snprintf(s->seen, sizeof(s->seen), "%s", text + 1);
}

int kind_walk(struct run *run)
{
	static const enum ending endings[] = { END_PIDFILE, END_PIN, END_SEND, END_COMMAND };
	static struct variant variants[ARRAY_SIZE(maps)][ARRAY_SIZE(endings)];
	static char words[ARRAY_SIZE(maps)][2][32];
	uint32_t m = dice_roll(&run->dice, ARRAY_SIZE(maps));
	uint32_t e = dice_roll(&run->dice, ARRAY_SIZE(endings));
	struct variant *variant = &variants[m][e];
	struct strike strike = { .op = STRIKE_CALL, .call = look, .data = &spies[m] };

	if (!spies[m].pid && start_spy(&spies[m], maps[m]) < 0)
		return snprintf(run->what, sizeof(run->what), "no spy with the map '%s'",
				maps[m] ? maps[m] : "none"),
		       -1;
	run->lab->expected[m] = spies[m].pid;
	snprintf(words[m][0], sizeof(words[m][0]), "pid:%d", (int)spies[m].pid);
	snprintf(words[m][1], sizeof(words[m][1]), "user:%d", (int)spies[m].pid);
	variant->attempt =
		(struct attempt){ .ending = endings[e],
				  .any_result = true,
				  .extra = { "--join-ns", words[m][0], maps[m] ? "--join-ns" : NULL,
					     maps[m] ? words[m][1] : NULL } };
	if (!variant->is_known && variant_learn(run, variant) < 0)
		return -1;
	variant_moment(run, variant, &strike);
	snprintf(run->what, sizeof(run->what), "seen with the map '%s'",
		 maps[m] ? maps[m] : "none");
	spies[m].seen[0] = '\0';
	int err = variant_strike(run, variant, &strike);

	if (spies[m].seen[0])
		verdict_add(&run->verdict, "%s", spies[m].seen);
	return err;
}
