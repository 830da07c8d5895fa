// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("dir");
	volume("tree");
}

static void build(void)
{
	bind("dir", "/one");
	bind_ro("dir", "/two");
	bind("tree", "/three");
	bind_ro("tree", "/four");
}

static void check(void)
{
	expect_volume("/one", "dir");
	expect_writable("/one");
	expect_volume("/two", "dir");
	expect_readonly("/two");
	expect_volume("/three", "tree");
	expect_writable("/three");
	expect_volume("/four", "tree");
	expect_readonly("/four");
}

const struct zdtm_case zdtm_case = {
	.about = "One descriptor is the source of two mounts, whose flags are their own.",
	.dump = LIST("--external", "mnt[/one]:1", "--external", "mnt[/two]:2", "--external",
		     "mnt[/three]:3", "--external", "mnt[/four]:4"),
	.restore = LIST("--inherit-fd", "fd[7]:mnt[1]", "--inherit-fd", "fd[7]:mnt[2]",
			"--inherit-fd", "fd[8]:mnt[3]", "--inherit-fd", "fd[8]:mnt[4]"),
	.inherit = LIST("7=@SRC@/dir", "8=tree:@SRC@/tree"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
