// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/t", 0, NULL);
	make_dir("/t/deep/gone");
	make_file("/t/deep/file", "once\n");
	expect(!chmod("/t/deep/gone", 03710), "chmod: %s", strerror(errno));
	bind("/t/deep/gone", "/a");
	bind("/t/deep/gone", "/t/b");
	attributes("/t/b", MOUNT_ATTR_RDONLY);
	mount_new("tmpfs", "/other", 0, NULL);
	bind("/t/deep/gone", "/other/c");
	bind("/t/deep/file", "/f");
	bind("/f", "/g");
	propagation("/a", MS_SHARED);
	bind("/a", "/peer");
	expect(!rmdir("/t/deep/gone") && !unlink("/t/deep/file") && !rmdir("/t/deep"), "delete: %s",
	       strerror(errno));
}

/* They are one and the same: a change of one is seen in all. */
static void check(void)
{
	struct stat a, b, c;

	expect(!stat("/a", &a) && !stat("/t/b", &b) && !stat("/other/c", &c), "stat");
	expect(a.st_ino == b.st_ino && a.st_ino == c.st_ino, "several directories");
	expect(!stat("/f", &a) && !stat("/g", &b) && a.st_ino == b.st_ino, "two files");
	expect_mode("/a", S_IFDIR | 03710);
	expect_text("/g", "once\n");
	expect_absent("/t/deep");
	expect_one_superblock("/t", "/other/c");
	expect_errno(mkdir("/a/x", 0700), ENOENT);
	expect_errno(chmod("/t/b", 0700), EROFS);
}

const struct zdtm_case zdtm_case = {
	.about =
		"Several mounts of one deleted directory, and of one file, whose directory is gone too.",
	.build = build,
	.check = check,
};
