// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/a", 0, "size=1m");
	make_file("/a/file", "outer\n");
	make_dir("/a/b/c");
	make_file("/a/b/c/covered", "below the inner one\n");
	mount_new("tmpfs", "/a/b", 0, "size=2m");
	make_file("/a/b/file", "inner\n");
	mount_new("tmpfs", "/a/b/x/y", 0, "size=3m");
	make_file("/a/b/x/y/file", "innermost\n");
}

static void check(void)
{
	expect_text("/a/file", "outer\n");
	expect_text("/a/b/file", "inner\n");
	expect_text("/a/b/x/y/file", "innermost\n");
	expect_absent("/a/b/c");
}

const struct zdtm_case zdtm_case = {
	.about = "A tmpfs in a tmpfs in a tmpfs: each has its contents, also what the next covers.",
	.build = build,
	.check = check,
};
