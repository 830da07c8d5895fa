// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The process that has the namespace.
 *
 *   random fill SIDE                          makes the directories of a side
 *   random mount SIDE                         mounts what there is outside
 *   random build SIDE host|userns             makes a namespace whose root is SIDE/root
 *   random enter SIDE host|userns PID OWNER   goes into that of PID, and of the other kinds those
 * of OWNER
 *
 * The last two say their pid, and read commands from stdin until that ends:
 *
 *   seed N COUNT FLAGS           chooses by N; no more than about COUNT mounts; with volumes (v),
 *                                id-maps (m), filesystems of the kernel (k)
 *   grow N                       N steps of its own choice; a line "ERRNO STEP" each, then "."
 *   covered                      is something mounted over the first root: "yes" or "no"
 *   do STEP                      this step; a line "ERRNO STEP"
 */
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "random.h"

#define USERNS_FLAGS (CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWCGROUP | CLONE_NEWPID)

static void must(bool done, const char *what)
{
	if (done)
		return;
	fprintf(stderr, "random: %s: %s\n", what, strerror(errno));
	_exit(2);
}

/* --- commands --- */

static void run_step(struct world *world, const char *line)
{
	char copy[LINE_SIZE], *words[MAX_WORDS];
	int count, err;

	snprintf(copy, sizeof(copy), "%s", line);
	count = words_split(copy, words);
	err = count ? step_do(world, words, count) : -EINVAL;
	printf("%s %s\n", err ? strerrorname_np(-err) : "0", line);
}

static void grow(struct world *world, unsigned int count)
{
	for (; count; count--) {
		char *line = choose_step(world);

		run_step(world, line);
		free(line);
	}
	puts(".");
}

static uint64_t root_id(void)
{
	struct statx root;

	must(!statx(AT_FDCWD, "/", 0, STATX_MNT_ID, &root), "statx");
	return root.stx_mnt_id;
}

static void command(struct world *world, char *line)
{
	char flags[8] = "";
	unsigned long long seed;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "seed %llu %u %7s", &seed, &world->most_mounts, flags) >= 2) {
		choose_seed(world, seed, flags);
	} else if (!strncmp(line, "grow ", 5)) {
		grow(world, (unsigned int)atoi(line + 5));
	} else if (!strcmp(line, "covered")) {
		puts(root_id() == world->first_root ? "no" : "yes");
	} else if (!strncmp(line, "do ", 3)) {
		run_step(world, line + 3);
	} else {
		must(false, "unknown command");
	}
	fflush(stdout);
}

static _Noreturn void serve_commands(struct world *world)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0)
		command(world, line);
	exit(0);
}

/* --- the namespace --- */

static void see_outside(struct world *world)
{
	static const char *const names[] = { "root", "src", "src/tmp", "src/tree/x", "src/ro" };
	struct stat st;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!stat(names[i], &st))
			world->outside[world->outside_count++] = st.st_dev;
	world->proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(world->proc_fd >= 0, "/proc");
}

/* In a user namespace of its own no /proc can be mounted once there is none any more. */
static void make_namespace(bool userns)
{
	must(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make private");
	must(!mount("root", "root", NULL, MS_BIND, NULL), "bind the root");
	must(!chdir("root"), "chdir");
	must(!syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(!userns || (!mount("proc", "proc", "proc", 0, NULL) &&
			 !mount("sysfs", "sys", "sysfs", 0, NULL)),
	     "/proc and /sys");
	must(!umount2(".", MNT_DETACH), "umount");
	must(!chdir("/"), "chdir");
}

static int open_ns(const char *pid, const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0, path);
	return fd;
}

/* sysfs, mqueue and the like are those of whoever mounts them. */
static void enter_namespace(const char *pid, const char *owner, bool userns)
{
	static const char *const names[] = { "user", "net", "ipc", "cgroup" };
	int mnt = open_ns(pid, "mnt");

	for (size_t i = 0; userns && i < sizeof(names) / sizeof(names[0]); i++)
		must(!setns(open_ns(owner, names[i]), 0), names[i]);
	must(!setns(mnt, CLONE_NEWNS), "setns");
	must(!chdir("/"), "chdir");
}

static void become_root(void)
{
	must(!setresgid(0, 0, 0) && !setresuid(0, 0, 0), "become root");
}

static void write_map(pid_t pid, const char *name)
{
	static const char map[] = "0 0 65536\n";
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	must(fd >= 0 && write(fd, map, sizeof(map) - 1) == sizeof(map) - 1, path);
	close(fd);
}

/* --- two processes --- */

static _Noreturn void live(int server, char **argv, int argc)
{
	struct world world = { .server = server, .mountinfo_fd = -1 };
	bool userns = !strcmp(argv[3], "userns"), enter = argc > 4;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	must(recv(server, &byte, 1, 0) == 1, "recv");
	if (userns && !enter)
		become_root();
	see_outside(&world);
	if (enter)
		enter_namespace(argv[4], argv[5], userns);
	else
		make_namespace(userns);
	if (userns && enter)
		become_root();
	world.mntns_fd = openat(world.proc_fd, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
	must(world.mntns_fd >= 0, "own namespace");
	world.first_root = root_id();
	if (!enter)
		world.mountinfo_fd = openat(world.proc_fd, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	must(enter || world.mountinfo_fd >= 0, "own mountinfo");
	puts("ready");
	fflush(stdout);
	serve_commands(&world);
}

int main(int argc, char **argv)
{
	/* The end of the one ends the other: they share descriptors, so no end of file says so. */
	unsigned long flags = CLONE_FILES | SIGTERM;
	int sockets[2];
	pid_t pid;

	umask(022);
	if (argc == 3)
		return *argv[1] == 'f' ? side_fill(argv[2]) : side_mount(argv[2]);
	must(argc == 4 || argc == 6,
	     "usage: random fill|mount|build|enter SIDE [FLAVOUR [PID OWNER]]");
	signal(SIGTERM, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	must(!chdir(argv[2]), argv[2]);
	must(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), "socketpair");
	if (argc == 4)
		flags |= CLONE_NEWNS | (!strcmp(argv[3], "userns") ? USERNS_FLAGS : 0);
	pid = (pid_t)syscall(SYS_clone, flags, 0, 0, 0, 0);
	must(pid >= 0, "clone");
	if (!pid)
		live(sockets[1], argv, argc);
	if (flags & CLONE_NEWUSER) {
		write_map(pid, "uid_map");
		write_map(pid, "gid_map");
	}
	printf("%d\n", pid);
	fflush(stdout);
	must(send(sockets[0], "", 1, 0) == 1, "send");
	return outside_serve(sockets[0], ".");
}
