// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/a", 0, "size=1m");
	make_dir("/a/in");
	propagation("/a", MS_SHARED);
	bind("/a", "/b");
	/* One mount each in /a and /b, of one group, for they were born together. */
	mount_new("tmpfs", "/a/in", 0, "size=2m");
	make_dir("/a/in/deep");
	make_dir("/a/in/more");
	make_dir("/a/in/part/below");
	mount_new("tmpfs", "/b/in/deep", 0, "size=3m");
	make_file("/a/in/deep/file", "deep\n");
	bind("/a/in", "/c");
	bind("/b/in/part", "/d");
	propagation("/d", MS_SLAVE);
	propagation("/d", MS_SHARED);
	bind("/d", "/a/in/more");
}

static void check(void)
{
	expect_text("/b/in/deep/file", "deep\n");
	expect_absent("/c/deep/file");
	mount_new("tmpfs", "/c/part/below", 0, "size=1m");
	make_file("/c/part/below/file", "x");
	expect_text("/a/in/part/below/file", "x");
	expect_text("/b/in/part/below/file", "x");
	expect_text("/d/below/file", "x");
	expect_text("/c/more/below/file", "x");
	unmount("/a/in/part/below");
	expect_absent("/c/part/below/file");
	expect_absent("/d/below/file");
}

const struct zdtm_case zdtm_case = {
	.about = "Groups inside of groups: the members of one lie below members of another.",
	.build = build,
	.check = check,
};
