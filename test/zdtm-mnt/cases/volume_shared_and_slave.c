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
	bind("vol", "/one");
	propagation("/one", MS_SLAVE);
	propagation("/one", MS_SHARED);
	bind("/one", "/two");
	bind("/two", "/slave");
	propagation("/slave", MS_SLAVE);
}

static void check(void)
{
	expect_volume("/two", "vol");
	expect_propagation("/one/below", LIST("/two/below", "/slave/below"), NULL);
	expect_propagation("/two/below", LIST("/one/below", "/slave/below"), NULL);
	expect_propagation("/slave/below", NULL, LIST("/one/below", "/two/below"));
}

static void mount_inside(void)
{
	mount_new("tmpfs", "/two/below", 0, "size=4k");
}

static void see_mounted(void)
{
	expect_type("/one/below", "tmpfs");
	expect_type("/two/below", "tmpfs");
	expect_type("/slave/below", "tmpfs");
}

static void unmount_inside(void)
{
	unmount("/one/below");
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
	.about = "Volumes that are peers inside and slaves of the host, with a slave of their own.",
	.dump = LIST("--external", "mnt[/one]:one", "--external", "mnt[/two]:two", "--external",
		     "mnt[/slave]:slave"),
	.restore = LIST("--external", "mnt[one]:@SRC@/vol", "--external", "mnt[two]:@SRC@/vol",
			"--external", "mnt[slave]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.outside = outside,
};
