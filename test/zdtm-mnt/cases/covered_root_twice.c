// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/t", 0, NULL);
	make_file("/t/file", "below both covers\n");
}

/* "/" is the root still; above it is what covers that. */
static void settle(void)
{
	mount_new("tmpfs", "/", 0, "size=1m");
	mount_new("tmpfs", "/../x", 0, NULL);
	make_file("/../x/file", "on the first cover\n");
	mount_new("tmpfs", "/", 0, "size=2m");
	make_file("/../top", "on the second\n");
}

static void check(void)
{
	expect_text("/top", "on the second\n");
	expect_absent("/x");
	expect_absent("/t");
}

const struct zdtm_case zdtm_case = {
	.about = "Two covers over the root, with a mount on the one between.",
	.build = build,
	.settle = settle,
	.check = check,
};
