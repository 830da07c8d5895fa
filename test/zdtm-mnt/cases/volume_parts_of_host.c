// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* Rshared and rslave binds of two directories of one mount of the host's, as of most hosts' root.
 */
static void prepare(void)
{
	volume("vol");
	bind("src/vol", "src/vol");
	make_dir("src/vol/a/p");
	make_dir("src/vol/b/p");
	make_dir("src/vol/c/p");
	make_dir("src/vol/d/p");
	propagation("src/vol", MS_SHARED);
}

static void build(void)
{
	bind("vol/a", "/a");
	bind("vol/b", "/b");
	bind("vol", "/whole");
	propagation("/whole", MS_SLAVE);
	propagation("/whole", MS_SHARED);
	bind("/whole/c", "/c");
	bind("/whole/d", "/d");
	unmount("/whole");
	bind("vol/c", "/slave");
	propagation("/slave", MS_SLAVE);
}

static void mount_inside(void)
{
	mount_new("tmpfs", "/b/p", 0, "size=4k");
	mount_new("tmpfs", "/d/p", 0, "size=4k");
}

static void unmount_inside(void)
{
	unmount("/b/p");
	unmount("/d/p");
}

static void see_mounted(void)
{
	expect_type("/a/p", "tmpfs");
	expect_type("/c/p", "tmpfs");
	expect_type("/slave/p", "tmpfs");
	unmount("/a/p");
}

static void outside(void)
{
	inside(mount_inside);
	expect_type("src/vol/b/p", "tmpfs");
	expect_not_type("src/vol/d/p", "tmpfs");
	inside(unmount_inside);
	mount_new("tmpfs", "src/vol/a/p", 0, "size=4k");
	mount_new("tmpfs", "src/vol/c/p", 0, "size=4k");
	inside(see_mounted);
	expect_not_type("src/vol/a/p", "tmpfs");
	unmount("src/vol/c/p");
}

const struct zdtm_case zdtm_case = {
	.about = "Parts of one mount of the host's are its peers again, and peers below it.",
	.dump = LIST("--external", "mnt[/a]:a", "--external", "mnt[/b]:b", "--external",
		     "mnt[/c]:c", "--external", "mnt[/d]:d", "--external", "mnt[/slave]:slave"),
	.restore = LIST("--external", "mnt[a]:@SRC@/vol/a", "--external", "mnt[b]:@SRC@/vol/b",
			"--external", "mnt[c]:@SRC@/vol/c", "--external", "mnt[d]:@SRC@/vol/d",
			"--external", "mnt[slave]:@SRC@/vol/c"),
	.prepare = prepare,
	.build = build,
	.outside = outside,
	.flavours = FLAVOUR_HOST, /* a user namespace makes them slaves */
};
