// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/a", 0, "size=1m");
	make_file("/a/file", "a\n");
	mount_new("tmpfs", "/a/b", 0, "size=2m");
	make_file("/a/b/file", "b\n");
	mount_new("tmpfs", "/a/b/c", 0, "size=3m");
	make_file("/a/b/c/file", "c\n");
	mount_new("tmpfs", "/a/b/c", 0, "size=4m");
	mount_new("tmpfs", "/a/b", 0, "size=5m");
	make_file("/a/b/c", "a file now\n");
	mount_new("tmpfs", "/a", 0, "size=6m");
	make_file("/a/b", "a file, too\n");
}

static void see_c(void)
{
	expect_text("/a/b/c/file", "c\n");
}

static void see_b(void)
{
	expect_text("/a/b/file", "b\n");
	expect_absent("/a/b/c/file");
	without("/a/b/c", see_c);
}

static void see_a(void)
{
	expect_text("/a/file", "a\n");
	expect_text("/a/b/c", "a file now\n");
	without("/a/b", see_b);
}

static void check(void)
{
	expect_text("/a/b", "a file, too\n");
	without("/a", see_a);
}

const struct zdtm_case zdtm_case = {
	.about = "tmpfs mounts hidden in tmpfs mounts that are hidden themselves, with contents.",
	.build = build,
	.check = check,
};
