// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

static void build(void)
{
	bind("vol", "/more");
	bind_ro("vol", "/less");
	attributes("/less", MOUNT_ATTR_NODEV);
}

static void check(void)
{
	if (!on_new_side())
		return;
	expect_readonly("/more");
	expect_writable("/less");
	expect_flags("/less", ST_NODEV | ST_RELATIME);
}

const struct zdtm_case zdtm_case = {
	.about = "--external-flags adds a restriction to one volume and takes one from another.",
	.dump = LIST("--external", "mnt[/more]:more", "--external", "mnt[/less]:less"),
	.restore = LIST("--external", "mnt[more]:@SRC@/vol", "--external", "mnt[less]:@SRC@/vol",
			"--external-flags", "more:ro", "--external-flags", "less:rw"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.differs = LIST("/more: flags:", "/less: flags:"),
};
