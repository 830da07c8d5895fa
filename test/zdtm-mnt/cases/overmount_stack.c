// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	make_file("/stack/file", "of the root\n");
	mount_named("bottom", "tmpfs", "/stack", 0, "size=1m");
	make_file("/stack/file", "bottom\n");
	make_file("/stack/bottom", "1");
	mount_named("middle", "tmpfs", "/stack", MS_NOEXEC, "size=2m");
	make_file("/stack/file", "middle\n");
	make_file("/stack/middle", "2");
	mount_named("top", "tmpfs", "/stack", MS_NOSUID, "size=3m");
	make_file("/stack/file", "top\n");
}

static void check(void)
{
	expect_text("/stack/file", "top\n");
	expect_absent("/stack/middle");
	expect_absent("/stack/bottom");
	expect_mounts("/stack", 3);
}

const struct zdtm_case zdtm_case = {
	.about = "Three mounts at one point stand in their order, the hidden ones with contents.",
	.build = build,
	.check = check,
};
