// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("under");
	volume("over");
}

static void build(void)
{
	bind("under", "/vol");
	bind("over", "/vol");
}

static void check(void)
{
	expect_volume("/vol", "over");
	expect_mounts("/vol", 2);
}

const struct zdtm_case zdtm_case = {
	.about =
		"Two external volumes at one point: the path names the upper, an id the lower one.",
	.dump = LIST("--external", "mnt[/vol]:over", "--external", "mnt[#@ID:/vol#1@]:under"),
	.restore =
		LIST("--external", "mnt[over]:@SRC@/over", "--external", "mnt[under]:@SRC@/under"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
