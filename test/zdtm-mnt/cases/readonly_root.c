// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

static void build(void)
{
	bind("vol", "/vol");
	mount_new("tmpfs", "/tmp", 0, "mode=1777");
}

static void settle(void)
{
	attributes("/", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

static void check(void)
{
	expect_readonly("/");
	expect_flags("/", ST_RDONLY | ST_NOSUID | ST_NODEV | ST_RELATIME);
	expect_writable("/tmp");
	expect_writable("/vol");
	expect_volume("/vol", "vol");
}

const struct zdtm_case zdtm_case = {
	.about = "A read-only root: the root's own flags come back, volumes stay writable.",
	.dump = LIST("--external", "mnt[/vol]:vol"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.settle = settle,
	.check = check,
};
