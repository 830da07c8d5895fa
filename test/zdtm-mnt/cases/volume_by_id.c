// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	volume_file("file");
}

static void build(void)
{
	bind("vol", "/vol");
	bind("file", "/file");
}

static void check(void)
{
	expect_volume("/vol", "vol");
	expect_volume_file("/file", "file");
}

const struct zdtm_case zdtm_case = {
	.about = "An external mount can be declared by its mount id instead of its path.",
	.dump = LIST("--external", "mnt[#@ID:/vol@]:vol", "--external", "mnt[#@ID:/file@]:file"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol", "--external", "mnt[file]:@SRC@/file"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
