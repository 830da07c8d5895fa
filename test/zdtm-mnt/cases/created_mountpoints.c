// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	volume_file("file");
}

static void build(void)
{
	bind("vol", "/vol");
	bind("vol", "/srv/a/b/vol");
	bind("file", "/etc/conf.d/file");
	mount_new("tmpfs", "/cache", 0, NULL);
}

/* The new root has none of the mountpoints. */
static void alter(void)
{
	expect(!rmdir("root/vol") && !rmdir("root/srv/a/b/vol") && !rmdir("root/srv/a/b") &&
		       !rmdir("root/srv/a") && !rmdir("root/srv") && !rmdir("root/cache") &&
		       !unlink("root/etc/conf.d/file") && !rmdir("root/etc/conf.d"),
	       "rmdir: %s", strerror(errno));
}

static void check(void)
{
	expect_volume("/vol", "vol");
	expect_volume("/srv/a/b/vol", "vol");
	expect_volume_file("/etc/conf.d/file", "file");
	expect_writable("/cache");
}

const struct zdtm_case zdtm_case = {
	.about =
		"--create-mountpoints makes the missing mountpoints, of the right kind, and no more.",
	.dump = LIST("--external", "mnt[/vol]:1", "--external", "mnt[/srv/a/b/vol]:2", "--external",
		     "mnt[/etc/conf.d/file]:3"),
	.restore = LIST("--create-mountpoints", "--external", "mnt[1]:@SRC@/vol", "--external",
			"mnt[2]:@SRC@/vol", "--external", "mnt[3]:@SRC@/file"),
	.prepare = prepare,
	.build = build,
	.alter = alter,
	.check = check,
	.creates = LIST("/vol", "/srv", "/srv/a", "/srv/a/b", "/srv/a/b/vol", "/cache",
			"/etc/conf.d", "/etc/conf.d/file"),
};
