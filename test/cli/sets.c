// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A process tree with four mount namespaces, and what a test asks of any of them:
 *
 *	sets make ROOT PID_FILE [VOLUMES]
 *		1: pivoted into ROOT, which is shared. Then its children:
 *		2: a copy of it: its root and /slave are slaves, /tmp is a tmpfs of its own, /ro is
 *		   read-only
 *		3: pivoted into a bind of 1's directory /sub, with a part of 1's tmpfs, and a tmpfs
 *		   that another one covers
 *		4: pivoted into a tmpfs of its own, with a peer of 1's /shared
 *		VOLUMES/1 is at /vol of 1, VOLUMES/2 at /vol of 2.
 *		At each SIGUSR1 there is one more child, in a copy of 1 that is private, without /vol.
 *		At SIGUSR2 what 3 shows of 1's tmpfs gets another name.
 *	sets mount NS PATH		a tmpfs, in that namespace
 *	sets shows NS PATH		is PATH a mountpoint there
 *	sets cat NS PATH
 *	sets put NS PATH TEXT		a file
 *
 * NS is the file of a namespace, or "-": where it is started.
 *
 * PID_FILE gets the four numbers when all stand, and a line for what comes later. ROOT is not changed but for mountpoints.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void must(int result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	must(fd, path);
	must((int)write(fd, text, strlen(text)), path);
	close(fd);
}

static void own_namespace(void)
{
	must(unshare(CLONE_NEWNS), "unshare");
}

static void pivot(const char *root)
{
	must(chdir(root), root);
	must((int)syscall(SYS_pivot_root, ".", "."), "pivot_root");
	must(umount2(".", MNT_DETACH), "umount2");
	must(chdir("/"), "chdir");
}

static void bind(const char *from, const char *to)
{
	must(mount(from, to, NULL, MS_BIND, NULL), to);
}

static void tmpfs(const char *path, unsigned long propagation)
{
	must(mount("tmpfs", path, "tmpfs", 0, "size=1m"), path);
	must(mount(NULL, path, NULL, propagation, NULL), path);
}

static int volume_fd = -1;

/* By a descriptor: the second does not see where it is. */
static void open_volume(const char *volumes)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/2", volumes);
	volume_fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, 1 /* OPEN_TREE_CLONE */);
	must(volume_fd, path);
	snprintf(path, sizeof(path), "%s/1", volumes);
	bind(path, "vol");
}

static void make_first(const char *root, const char *volumes)
{
	own_namespace();
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	bind(root, root);
	must(chdir(root), root);
	static const char *const dirs[] = { "shared", "slave", "tmp",	 "ro",
					    "vol",    "sub",   "sub/in", "sub/t" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		mkdir(dirs[i], 0755);
	if (volumes)
		open_volume(volumes);
	pivot(".");
	must(mount(NULL, "/", NULL, MS_SHARED, NULL), "shared");
	tmpfs("/shared", MS_SHARED);
	tmpfs("/slave", MS_SHARED);
	tmpfs("/tmp", MS_PRIVATE);
	put("/shared/file", "one\n");
	put("/slave/file", "two\n");
	put("/tmp/file", "of the first\n");
	must(mkdir("/shared/part", 0755), "part");
	/* What has mounts on it is not what others are cloned from. */
	must(mkdir("/shared/below", 0755), "below");
	tmpfs("/shared/below", MS_PRIVATE);
	must(mkdir("/shared/later", 0755), "later");
	must(mkdir("/shared/peer", 0755), "peer");
	must(mkdir("/slave/own", 0755), "own");
	must(mkdir("/slave/later", 0755), "later");
	put("/shared/part/file", "a part\n");
}

static void make_slave(void)
{
	own_namespace();
	must(mount(NULL, "/", NULL, MS_SLAVE, NULL), "/");
	must(mount(NULL, "/slave", NULL, MS_SLAVE, NULL), "/slave");
	must(mount(NULL, "/shared", NULL, MS_PRIVATE, NULL), "/shared");
	must(umount2("/tmp", 0), "/tmp");
	tmpfs("/tmp", MS_PRIVATE);
	put("/tmp/file", "of the second\n");
	if (volume_fd >= 0) {
		must(umount2("/vol", 0), "/vol");
		must((int)syscall(SYS_move_mount, volume_fd, "", AT_FDCWD, "/vol",
				  4 /* MOVE_MOUNT_F_EMPTY_PATH */),
		     "/vol");
	}
	bind("/shared", "/ro");
	must(mount(NULL, "/ro", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), "/ro");
}

static void make_inner(void)
{
	own_namespace();
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	bind("/sub", "/sub");
	bind("/shared/part", "/sub/in");
	tmpfs("/sub/t", MS_PRIVATE);
	put("/sub/t/file", "hidden\n");
	tmpfs("/sub/t", MS_SHARED);
	put("/sub/t/file", "of the third\n");
	pivot("/sub");
}

static void make_elsewhere(void)
{
	own_namespace();
	must(mount(NULL, "/", NULL, MS_PRIVATE, NULL), "/");
	must(umount2("/tmp", 0), "/tmp");
	tmpfs("/tmp", MS_PRIVATE);
	must(mkdir("/tmp/s", 0755), "s");
	put("/tmp/file", "of the fourth\n");
	bind("/shared", "/tmp/s");
	must(mount(NULL, "/slave", NULL, MS_PRIVATE, NULL), "/slave");
	must(mount(NULL, "/shared", NULL, MS_PRIVATE, NULL), "/shared");
	pivot("/tmp");
}

static void make_later(void)
{
	own_namespace();
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	must(umount2("/vol", 0), "/vol");
}

static int start(void (*make)(void), int ready[2])
{
	int pid = fork();

	must(pid, "fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		make();
		must((int)write(ready[1], "r", 1), "ready");
		for (;;)
			pause();
	}
	char word;

	if (read(ready[0], &word, 1) != 1)
		errx(1, "a child is gone");
	return pid;
}

static volatile sig_atomic_t n_wanted, renames;

static void want(int signal)
{
	if (signal == SIGUSR1)
		n_wanted++;
	else
		renames = 1;
}

static void rename_part(void)
{
	must(rename("/shared/part", "/shared/renamed"), "rename");
	renames = 0;
}

static void make(const char *root, const char *pid_file, const char *volumes)
{
	int fd = open(pid_file, O_WRONLY | O_CREAT | O_TRUNC, 0644), ready[2];

	must(fd, pid_file);
	must(pipe(ready), "pipe");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	make_first(root, volumes);
	int second = start(make_slave, ready);
	int third = start(make_inner, ready);
	int fourth = start(make_elsewhere, ready);

	sigset_t wanted, others;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGUSR1);
	sigaddset(&wanted, SIGUSR2);
	must(sigprocmask(SIG_BLOCK, &wanted, &others), "sigprocmask");
	signal(SIGUSR1, want);
	signal(SIGUSR2, want);
	dprintf(fd, "%d %d %d %d\n", (int)getpid(), second, third, fourth);
	for (int n = 0;; sigsuspend(&others)) {
		for (; n < n_wanted; n++)
			dprintf(fd, "%d\n", start(make_later, ready));
		if (renames) {
			rename_part();
			dprintf(fd, "renamed\n");
		}
	}
}

static void enter(const char *file)
{
	int fd = strcmp(file, "-") ? open(file, O_RDONLY | O_CLOEXEC) : -2;

	if (fd == -2)
		return;
	must(fd, file);
	must(setns(fd, CLONE_NEWNS), file);
}

static int shows(const char *path)
{
	struct statx stat;

	return statx(AT_FDCWD, path, AT_NO_AUTOMOUNT, 0, &stat) == 0 &&
			       stat.stx_attributes & STATX_ATTR_MOUNT_ROOT
		       ? 0
		       : 1;
}

static int cat(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buf[4096];

	must(fd, path);
	ssize_t n = read(fd, buf, sizeof(buf));

	must((int)n, path);
	return fwrite(buf, 1, (size_t)n, stdout) == (size_t)n ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "make") == 0)
		make(argv[2], argv[3], argv[4]);
	if (argc < 4)
		errx(2,
		     "usage: sets make ROOT PID_FILE [VOLUMES] | mount|shows|cat|put NS PATH [TEXT]");
	enter(argv[2]);
	if (strcmp(argv[1], "mount") == 0)
		must(mount("made", argv[3], "tmpfs", 0, "size=64k"), argv[3]);
	else if (strcmp(argv[1], "shows") == 0)
		return shows(argv[3]);
	else if (strcmp(argv[1], "cat") == 0)
		return cat(argv[3]);
	else if (strcmp(argv[1], "put") == 0 && argc == 5)
		put(argv[3], argv[4]);
	else
		errx(2, "usage: sets mount|shows|cat|put NS PATH [TEXT]");
	return 0;
}
