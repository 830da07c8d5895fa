// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A side: SIDE/root, and in SIDE/src what is outside of it: a directory, a mount that is shared
 * and its slave, filesystems of the host, one of them below another mount, one read-only.
 */
#include <sys/mount.h>
#include <sys/stat.h>

#include "random.h"

static int file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return -1;
	dprintf(fd, "%s\n", path);
	return close(fd);
}

static int directories(const char *const *names)
{
	for (; *names; names++)
		if (mkdir(*names, 0755) && errno != EEXIST)
			return -1;
	return 0;
}

static int make_directories(void)
{
	static const char *const names[] = {
		"root",	      "root/a",	   "root/b",	  "root/c",	   "root/c/x",
		"root/c/x/y", "root/d",	   "root/proc",	  "root/sys",	   "root/sp ace",
		"src",	      "src/plain", "src/ro",	  "src/shared",	   "src/slave",
		"src/tmp",    "src/tree",  "src/plain/x", "src/plain/x/y", "src/shared/x",
		"src/tree/x", NULL,
	};

	return directories(names) || file("root/f") || file("root/c/f") || file("src/plain/f") ||
	       file("src/shared/f");
}

/* A copy has them, too. */
static int old(const char *const *names)
{
	static const struct timespec times[2] = { { .tv_sec = 1000000000 },
						  { .tv_sec = 1000000000 } };

	for (; *names; names++)
		if (utimensat(AT_FDCWD, *names, times, 0))
			return -1;
	return 0;
}

static int make_mounts(void)
{
	static const char *const all[] = { "src/tmp/x",	   "src/tmp/f",	 "src/tmp",
					   "src/tree/x/y", "src/tree/x", "src/ro/x",
					   "src/ro/f",	   "src/ro",	 NULL };
	static const char *const inside[] = { "src/tmp/x", "src/tree/x/y", "src/ro/x", NULL };

	return mount("src/shared", "src/shared", NULL, MS_BIND, NULL) ||
	       mount(NULL, "src/shared", NULL, MS_SHARED, NULL) ||
	       mount("src/shared", "src/slave", NULL, MS_BIND, NULL) ||
	       mount(NULL, "src/slave", NULL, MS_SLAVE, NULL) ||
	       mount("src/tree", "src/tree", NULL, MS_BIND, NULL) ||
	       mount("outside", "src/tmp", "tmpfs", 0, "size=1m") ||
	       mount("outside", "src/tree/x", "tmpfs", 0, "size=1m") ||
	       mount("outside", "src/ro", "tmpfs", 0, "size=1m") || directories(inside) ||
	       file("src/tmp/f") || file("src/ro/f") || old(all) ||
	       mount(NULL, "src/ro", NULL, MS_REMOUNT | MS_RDONLY, NULL) ||
	       mount(NULL, "src/ro", NULL, MS_REMOUNT | MS_BIND, NULL);
}

static int done(const char *directory, int failed)
{
	if (!failed)
		return 0;
	fprintf(stderr, "random: cannot prepare %s: %s\n", directory, strerror(errno));
	return 1;
}

int side_fill(const char *directory)
{
	return done(directory, mkdir(directory, 0755) || chdir(directory) || make_directories());
}

int side_mount(const char *directory)
{
	return done(directory, chdir(directory) || make_mounts());
}
