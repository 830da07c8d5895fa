// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

static void build(void)
{
	bind("vol", "/kept");
	bind("vol", "/skipped");
	mount_new("tmpfs", "/scratch", 0, NULL);
}

static void check(void)
{
	expect_volume("/kept", "vol");
	if (on_new_side())
		expect_absent("/skipped/marker");
}

const struct zdtm_case zdtm_case = {
	.about = "--skip-mnt leaves a mount out of the image, and nothing else.",
	.dump = LIST("--external", "mnt[/kept]:vol", "--skip-mnt", "/skipped", "--skip-mnt",
		     "/scratch"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.differs = LIST("/skipped: mount:", "/scratch: mount:"),
};
