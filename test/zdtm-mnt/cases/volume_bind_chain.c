// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	make_dir("src/vol/sub/deeper");
}

static void build(void)
{
	bind("vol", "/first");
	bind_ro("/first", "/second");
	bind("/second/sub", "/third");
	allow("/third", MOUNT_ATTR_RDONLY);
	bind_ro("/third/deeper", "/fourth");
}

static void check(void)
{
	expect_volume("/first", "vol");
	expect_volume("/second", "vol");
	expect_writable("/first");
	expect_readonly("/second");
	expect_writable("/third");
	expect_readonly("/fourth");
	expect_one_superblock("/first", "/fourth");
}

const struct zdtm_case zdtm_case = {
	.about = "Binds of binds of an external volume, writable and read-only in turns.",
	.dump = LIST("--external", "mnt[/first]:vol"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
