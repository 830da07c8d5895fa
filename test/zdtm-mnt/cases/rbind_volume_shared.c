// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	make_dir("src/vol/sub");
	bind("src/vol", "src/vol");
	mount_new("tmpfs", "src/vol/sub", 0, "size=64k");
	volume("vol/sub");
	make_dir("src/vol/sub/below");
	propagation("src/vol", MS_REC | MS_SHARED);
}

static void rbind(const char *path, unsigned long flag)
{
	make_dir(path);
	expect(!mount("vol", path, NULL, MS_BIND | MS_REC, NULL), "rbind: %s", strerror(errno));
	propagation(path, MS_REC | flag);
}

static void build(void)
{
	rbind("/peer", MS_SHARED);
	rbind("/slave", MS_SLAVE);
	rbind("/apart", MS_PRIVATE);
}

static void check(void)
{
	expect_volume("/peer/sub", "vol/sub");
	expect_volume("/slave/sub", "vol/sub");
	expect_volume("/apart/sub", "vol/sub");
	expect_propagation("/peer/sub/below", LIST("/slave/sub/below"), LIST("/apart/sub/below"));
	expect_propagation("/slave/sub/below", NULL, LIST("/peer/sub/below", "/apart/sub/below"));
}

static void mount_inside(void)
{
	mount_new("tmpfs", "/peer/sub/below", 0, "size=4k");
}

static void unmount_inside(void)
{
	unmount("/peer/sub/below");
}

static void see_mounted(void)
{
	expect_mounts("/peer/sub/below", 1);
	expect_mounts("/slave/sub/below", 1);
	expect_mounts("/apart/sub/below", 0);
}

static void outside(void)
{
	inside(mount_inside);
	expect_mounts("src/vol/sub/below", 1);
	inside(unmount_inside);
	expect_mounts("src/vol/sub/below", 0);
	mount_new("tmpfs", "src/vol/sub/below", 0, "size=4k");
	inside(see_mounted);
	unmount("src/vol/sub/below");
}

const struct zdtm_case zdtm_case = {
	.about =
		"The submounts of rshared and rslave volumes are the host's peers and slaves, too.",
	.dump = LIST("--external", "mnt[/peer]:1", "--external", "mnt[/slave]:2", "--external",
		     "mnt[/apart]:3"),
	.restore = LIST("--external", "mnt[1]:@SRC@/vol", "--external", "mnt[2]:@SRC@/vol",
			"--external", "mnt[3]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.outside = outside,
	.flavours = FLAVOUR_HOST, /* a user namespace makes them slaves */
};
