// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

static void build(void)
{
	bind("vol", "/a/made/first");
	bind("vol", "/z");
}

/* The first mountpoint has to be made, the second is a file where a directory is needed. */
static void alter(void)
{
	expect(!rmdir("root/a/made/first") && !rmdir("root/a/made") && !rmdir("root/a") &&
		       !rmdir("root/z"),
	       "rmdir: %s", strerror(errno));
	make_file("root/z", "no directory\n");
}

const struct zdtm_case zdtm_case = {
	.about = "Mountpoints created for a restore that fails later are taken back.",
	.dump = LIST("--external", "mnt[/a/made/first]:1", "--external", "mnt[/z]:2"),
	.restore = LIST("--create-mountpoints", "--external", "mnt[1]:@SRC@/vol", "--external",
			"mnt[2]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.alter = alter,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("/z"),
};
