// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_named("none", "ramfs", "/ram", 0, "mode=0700");
	make_file("/ram/dir/file", "kept in memory\n");
	make_link("/ram/link", "dir/file");
	expect(!chmod("/ram", 01751), "chmod: %s", strerror(errno));
	mount_new("tmpfs", "/ram/dir", 0, "size=1m");
}

static void see_below(void)
{
	expect_text("/ram/dir/file", "kept in memory\n");
}

static void check(void)
{
	expect_type("/ram", "ramfs");
	expect_mode("/ram", S_IFDIR | 01751);
	expect_mode("/ram/link", S_IFLNK | 0777);
	expect_absent("/ram/dir/file");
	without("/ram/dir", see_below);
}

const struct zdtm_case zdtm_case = {
	.about = "What a ramfs holds is kept as that of a tmpfs is.",
	.build = build,
	.check = check,
};
