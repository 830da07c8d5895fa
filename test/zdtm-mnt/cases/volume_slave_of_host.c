// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	make_dir("src/vol/below");
	bind("src/vol", "src/vol");
	propagation("src/vol", MS_SHARED);
}

static void build(void)
{
	bind("vol", "/vol");
	propagation("/vol", MS_SLAVE);
}

static void check(void)
{
	expect_volume("/vol", "vol");
}

static void mount_inside(void)
{
	mount_new("tmpfs", "/vol/below", 0, "size=4k");
}

static void see_mounted(void)
{
	expect_type("/vol/below", "tmpfs");
	expect_mounts("/vol/below", 1);
}

static void unmount_inside(void)
{
	unmount("/vol/below");
}

static void outside(void)
{
	mount_new("tmpfs", "src/vol/below", 0, "size=4k");
	inside(see_mounted);
	unmount("src/vol/below");
	inside(mount_inside);
	expect_not_type("src/vol/below", "tmpfs");
	inside(unmount_inside);
}

const struct zdtm_case zdtm_case = {
	.about = "An rslave volume hears of the host's mounts again, and the host not of its.",
	.dump = LIST("--external", "mnt[/vol]:vol"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.outside = outside,
};
