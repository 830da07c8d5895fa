// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* The name of what was deleted, and of a directory on the way to it, are those of others now. */
static void build(void)
{
	mount_new("tmpfs", "/t", 0, NULL);
	make_file("/t/gone/file", "old\n");
	bind("/t/gone", "/kept");
	expect(!unlink("/t/gone/file") && !rmdir("/t/gone"), "rmdir: %s", strerror(errno));
	make_file("/t/gone/file", "new\n");
	bind("/t/gone", "/kept2");
	expect(!unlink("/t/gone/file") && !rmdir("/t/gone"), "rmdir: %s", strerror(errno));
	make_file("/t/gone/file", "newest\n");
	mount_new("tmpfs", "/t/gone/in", 0, NULL);
	mount_new("ramfs", "/t/gone", 0, NULL);
	make_dir("/t/way/to");
	bind("/t/way/to", "/to");
	expect(!rmdir("/t/way/to") && !rmdir("/t/way"), "rmdir: %s", strerror(errno));
	make_file("/t/way", "no directory\n");
	bind("/t/way", "/way");
	make_file("/t/file", "old\n");
	bind("/t/file", "/file");
	expect(!unlink("/t/file"), "unlink: %s", strerror(errno));
	make_link("/t/file", "nowhere");
}

static void newest(void)
{
	expect_text("/t/gone/file", "newest\n");
}

static void check(void)
{
	struct stat one, other;

	expect(!stat("/kept", &one) && !stat("/kept2", &other) && one.st_ino != other.st_ino,
	       "two directories have become one");
	expect_type("/t/gone", "ramfs");
	without("/t/gone", newest);
	expect_text("/way", "no directory\n");
	expect_text("/file", "old\n");
	expect(!lstat("/t/file", &one) && S_ISLNK(one.st_mode), "/t/file is no symlink");
	expect_errno(mkdir("/to/x", 0700), ENOENT);
}

const struct zdtm_case zdtm_case = {
	.about =
		"Deleted roots whose names, or the names of directories on the way, others have now.",
	.build = build,
	.check = check,
};
