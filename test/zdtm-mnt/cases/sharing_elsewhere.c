// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* On the new side the source is a part of another mount, which is in a group of its own. */
static void prepare(void)
{
	volume("vol");
	make_dir("src/vol/dir/below");
	bind("src/vol", "src/vol");
	propagation("src/vol", MS_SHARED);
	if (!on_new_side())
		return;
	volume("large/vol");
	make_dir("src/large/vol/dir/below");
	bind("src/large", "src/large");
	propagation("src/large", MS_SHARED);
}

static void build(void)
{
	bind("vol", "/vol");
	propagation("/vol", MS_SLAVE);
	propagation("/vol", MS_SHARED);
	bind("/vol/dir", "/part");
	bind("/part", "/slave");
	propagation("/slave", MS_SLAVE);
	bind("vol", "/peer");
}

static void check(void)
{
	expect_propagation("/part/below", LIST("/vol/dir/below", "/slave/below"),
			   LIST("/peer/dir/below"));
	expect_propagation("/slave/below", NULL, LIST("/vol/dir/below", "/part/below"));
}

static void see_mounted(void)
{
	expect_mounts("/vol/dir/below", 1);
	expect_mounts("/part/below", 1);
	expect_mounts("/slave/below", 1);
	expect_mounts("/peer/dir/below", 1);
}

static void outside(void)
{
	const char *group = on_new_side() ? "src/large/vol/dir/below" : "src/vol/dir/below";

	mount_new("tmpfs", group, 0, "size=4k");
	inside(see_mounted);
	unmount(group);
}

const struct zdtm_case zdtm_case = {
	.about = "A volume whose new source is in another group, by another mount, is in that one.",
	.dump = LIST("--external", "mnt[/vol]:vol", "--external", "mnt[/peer]:peer"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/large/vol", "--external",
			"mnt[peer]:@SRC@/large/vol"),
	.differs = LIST("/vol: root: @/src/vol | @/src/large/vol",
			"/part: root: @/src/vol/dir | @/src/large/vol/dir",
			"/slave: root: @/src/vol/dir | @/src/large/vol/dir",
			"/peer: root: @/src/vol | @/src/large/vol",
			"/vol: master: with the host's @/src/vol | with the host's @/src/large",
			"/part: master: with the host's @/src/vol | with the host's @/src/large",
			"/peer: shared: with the host's @/src/vol | with the host's @/src/large"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.outside = outside,
	.flavours = FLAVOUR_HOST, /* in a user namespace nothing is a peer of the host */
};
