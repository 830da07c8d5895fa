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
	bind("/vol", "/apart");
	propagation("/apart", MS_PRIVATE);
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
	expect_not_type("/apart/below", "tmpfs");
	unmount("/vol/below");
}

static void outside(void)
{
	inside(mount_inside);
	expect_type("src/vol/below", "tmpfs");
	unmount("src/vol/below");
	mount_new("tmpfs", "src/vol/below", 0, "size=4k");
	inside(see_mounted);
	expect_not_type("src/vol/below", "tmpfs");
}

const struct zdtm_case zdtm_case = {
	.about = "An rshared volume is the host's peer again: each sees what the other mounts.",
	.dump = LIST("--external", "mnt[/vol]:vol", "--external", "mnt[/apart]:apart"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol", "--external", "mnt[apart]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.outside = outside,
	.flavours = FLAVOUR_HOST, /* a user namespace makes it a slave */
};
