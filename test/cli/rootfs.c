/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a command where "/" is the rootfs of the kernel, as on a host that runs from its initramfs:
 * the usual root is mounted at /mnt, and /proc. What had to be made for that is removed again.
 *
 * usage: rootfs COMMAND [ARG...]; its status, or 99: there is no rootfs to be had
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_ROOTFS 99

static const char *const points[] = { "/mnt", "/proc" };

static int clone_of(const char *path, unsigned int flags)
{
	return (int)syscall(SYS_open_tree, AT_FDCWD, path,
			    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
}

/* In a copy of the namespace: away with all that stands on the rootfs. */
static int uncover(void)
{
	int own;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	return own < 0 || umount2("/", MNT_DETACH) < 0 || setns(own, CLONE_NEWNS) < 0 ? -1 : 0;
}

static int is_rootfs(void)
{
	char line[4096];
	FILE *file = fopen("/proc/self/mountinfo", "re");
	int found = 0;

	while (file && fgets(line, sizeof(line), file))
		found |= strstr(line, " / / ") && strstr(line, " - rootfs ");
	if (file)
		fclose(file);
	return found;
}

static int run(char **argv)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execv(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	int trees[] = { clone_of("/", AT_RECURSIVE), clone_of("/proc", 0) };
	int made[] = { 0, 0 }, status = NO_ROOTFS;

	if (argc < 2 || trees[0] < 0 || trees[1] < 0 || uncover() < 0)
		return NO_ROOTFS;
	for (int i = 0; i < 2; i++) {
		made[i] = mkdir(points[i], 0755) == 0;
		syscall(SYS_move_mount, trees[i], "", AT_FDCWD, points[i],
			MOVE_MOUNT_F_EMPTY_PATH);
	}
	if (is_rootfs())
		status = run(argv + 1);
	for (int i = 0; i < 2; i++) {
		umount2(points[i], MNT_DETACH);
		if (made[i])
			rmdir(points[i]);
	}
	return status;
}
