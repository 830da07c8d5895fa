// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * churn MICROSECONDS: changes the mounts below /loop for ever, one at a time, with that much time
 * between them. What is true at every moment:
 *
 *	/loop/b is mounted only while /loop/a is, of which it is a bind;
 *	one of /loop/here and /loop/there is mounted, never both and never none: it moves.
 *
 * churn settle: makes it what that begins with.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static useconds_t between;

static void did(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(99);
	}
	if (between)
		usleep(between);
}

static int restrict_to(unsigned long flag)
{
	return mount(NULL, "/loop/flags", NULL, MS_REMOUNT | MS_BIND | flag, NULL);
}

static int settle(void)
{
	static const char *const points[] = { "/loop/b", "/loop/a", "/loop/here", "/loop/there",
					      "/loop/flags" };

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		umount2(points[i], MNT_DETACH);
	did(mount("moves", "/loop/here", "tmpfs", 0, "size=64k"), "here");
	did(mount("flags", "/loop/flags", "tmpfs", 0, "size=64k"), "flags");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "settle"))
		return settle();
	between = argc > 1 ? (useconds_t)atoi(argv[1]) : 0;
	for (;;) {
		did(mount("tmpfs", "/loop/a", "tmpfs", 0, "size=64k"), "a");
		did(mount("/loop/a", "/loop/b", NULL, MS_BIND, NULL), "b");
		did(mount("/loop/here", "/loop/there", NULL, MS_MOVE, NULL), "there");
		did(restrict_to(MS_NOEXEC), "noexec");
		did(umount2("/loop/b", MNT_DETACH), "umount b");
		did(umount2("/loop/a", MNT_DETACH), "umount a");
		did(mount("/loop/there", "/loop/here", NULL, MS_MOVE, NULL), "here");
		did(restrict_to(MS_NODEV), "nodev");
	}
}
