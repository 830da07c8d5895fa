// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

static void build(void)
{
	bind_ro("vol", "/readable");
	bind("vol", "/writable");
	attributes("/writable", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
}

static void check(void)
{
	expect_volume("/readable", "vol");
	expect_volume("/writable", "vol");
	expect_readonly("/readable");
	expect_writable("/writable");
	expect_flags("/readable", ST_RDONLY | ST_RELATIME);
	expect_flags("/writable", ST_NOSUID | ST_NOEXEC | ST_RELATIME);
}

const struct zdtm_case zdtm_case = {
	.about = "Two external mounts of one source keep their own flags.",
	.dump = LIST("--external", "mnt[/readable]:r", "--external", "mnt[/writable]:w"),
	.restore = LIST("--external", "mnt[r]:@SRC@/vol", "--external", "mnt[w]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
