// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/t", 0, "size=64k");
	make_file("/t/file", "of a tmpfs that is mounted nowhere");
	expect(!chmod("/t/file", 0604), "chmod: %s", strerror(errno));
	make_dir("/t/dir");
	bind("/t/file", "/file");
	bind("/t/file", "/file2");
	bind("/t/dir", "/dir");
	expect(!unlink("/t/file") && !rmdir("/t/dir"), "unlink: %s", strerror(errno));
	unmount("/t");
}

static void check(void)
{
	expect_text("/file", "of a tmpfs that is mounted nowhere");
	expect_text("/file2", "of a tmpfs that is mounted nowhere");
	expect_mode("/file", S_IFREG | 0604);
	expect_one_superblock("/file", "/dir");
	expect_errno(mkdir("/dir/x", 0700), ENOENT);
}

const struct zdtm_case zdtm_case = {
	.about = "A deleted file and directory of a tmpfs that is mounted nowhere are shown again.",
	.build = build,
	.check = check,
};
