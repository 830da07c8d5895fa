// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A process in a mount namespace of its own, with a cgroup2 at /cg, and in a cgroup namespace of its
 * own, which begins where it is. It says "ready", and waits.
 *
 *	cgroup within DIR	the mount is made in the cgroup namespace, and shows its root
 *	cgroup without DIR	it is made before; DIR is an empty directory
 *	cgroup child DIR	as within, and with a bind of a cgroup below, /child, of that name
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define must(call)                     \
	do {                           \
		if ((call) < 0) {      \
			perror(#call); \
			return 1;      \
		}                      \
	} while (0)

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	must(unshare(CLONE_NEWNS));
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount("root", argv[2], "tmpfs", 0, NULL));
	must(chdir(argv[2]));
	must(mkdir("cg", 0755));
	if (strcmp(argv[1], "without") != 0)
		must(unshare(CLONE_NEWCGROUP));
	must(mount("cgroup2", "cg", "cgroup2", 0, NULL));
	if (strcmp(argv[1], "without") == 0)
		must(unshare(CLONE_NEWCGROUP));
	if (strcmp(argv[1], "child") == 0) {
		must(mkdir("cg/child", 0755));
		must(mkdir("child", 0755));
		must(mount("cg/child", "child", NULL, MS_BIND, NULL));
	}
	must(syscall(SYS_pivot_root, ".", "."));
	must(umount2(".", MNT_DETACH));
	must(chdir("/"));
	must(write(STDOUT_FILENO, "ready\n", 6));
	for (;;)
		pause();
}
