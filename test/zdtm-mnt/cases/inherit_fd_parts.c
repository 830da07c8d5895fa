// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	make_dir("src/vol/a/p");
	make_dir("src/vol/b/p");
	make_dir("src/host/c/p");
	make_dir("src/host/d/p");
	bind("src/host", "src/host");
	propagation("src/host", MS_SHARED);
}

static void build(void)
{
	bind("vol", "/whole");
	propagation("/whole", MS_SHARED);
	bind("/whole/a", "/a");
	bind("/whole/b", "/b");
	bind("/whole/a", "/slave");
	propagation("/slave", MS_SLAVE);
	bind("host", "/host");
	propagation("/host", MS_SLAVE);
	propagation("/host", MS_SHARED);
	bind("/host/c", "/c");
	bind("/host/d", "/d");
	unmount("/host");
	unmount("/whole");
}

static void check(void)
{
	expect_propagation("/a/p", LIST("/slave/p"), NULL);
	expect_propagation("/slave/p", NULL, LIST("/a/p"));
}

static void see_mounted(void)
{
	expect_type("/d/p", "tmpfs");
	unmount("/d/p");
}

static void outside(void)
{
	mount_new("tmpfs", "src/host/d/p", 0, "size=4k");
	inside(see_mounted);
	expect_type("src/host/d/p", "tmpfs");
	unmount("src/host/d/p");
}

const struct zdtm_case zdtm_case = {
	.about = "Peers and slaves that are parts of one mount, whose sources are descriptors.",
	.dump = LIST("--external", "mnt[/a]:a", "--external", "mnt[/b]:b", "--external",
		     "mnt[/slave]:slave", "--external", "mnt[/c]:c", "--external", "mnt[/d]:d"),
	.restore = LIST("--inherit-fd", "fd[7]:mnt[a]", "--inherit-fd", "fd[8]:mnt[b]",
			"--inherit-fd", "fd[7]:mnt[slave]", "--inherit-fd", "fd[9]:mnt[c]",
			"--inherit-fd", "fd[10]:mnt[d]"),
	.inherit = LIST("7=@SRC@/vol/a", "8=@SRC@/vol/b", "9=@SRC@/host/c", "10=@SRC@/host/d"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.outside = outside,
};
