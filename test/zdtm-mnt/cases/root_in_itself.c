// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	make_dir("/self");
	make_dir("/tree");
	make_file("/etc/real", "real\n");
	mount_new("tmpfs", "/t", 0, "size=1m");
	make_file("/t/file", "x");
}

/* Recursive: not while the host's root is stacked on ours. */
static void settle(void)
{
	bind("/", "/self");
	bind("/", "/self/self");
	bind_ro("/self/etc", "/self/etc");
	expect(!mount("/", "/tree", NULL, MS_BIND | MS_REC, NULL), "rbind: %s", strerror(errno));
}

static void check(void)
{
	expect_text("/self/self/etc/real", "real\n");
	expect_readonly("/self/etc");
	expect_writable("/self/self/etc");
	expect_absent("/self/t/file");
	expect_text("/tree/t/file", "x");
	expect_text("/tree/self/self/etc/real", "real\n");
	expect_one_superblock("/t", "/tree/t");
}

const struct zdtm_case zdtm_case = {
	.about = "The root is bound into itself, again into that, and once with all its mounts.",
	.build = build,
	.settle = settle,
	.check = check,
};
