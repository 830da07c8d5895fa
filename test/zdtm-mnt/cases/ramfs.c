// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_named("none", "ramfs", "/ram", MS_NOSUID, "mode=0700");
}

static void check(void)
{
	expect_type("/ram", "ramfs");
	expect_mode("/ram", S_IFDIR | 0700);
	expect_flags("/ram", ST_NOSUID | ST_RELATIME);
	expect_writable("/ram");
}

const struct zdtm_case zdtm_case = {
	.about = "An empty ramfs is mounted again, with its mode.",
	.build = build,
	.check = check,
};
