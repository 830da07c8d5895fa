// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

static void build(void)
{
	mount_new("tmpfs", "/vol", 0, "size=1m");
	make_file("/vol/hidden", "a tmpfs, not the volume\n");
	bind("vol", "/vol");
	mount_new("tmpfs", "/over", 0, NULL);
	make_file("/over/hidden", "x");
	make_dir("/over/vol");
	bind_ro("vol", "/over/vol");
}

static void check(void)
{
	expect_volume("/vol", "vol");
	expect_absent("/vol/hidden");
	expect_mounts("/vol", 2);
	expect_text("/over/hidden", "x");
	expect_volume("/over/vol", "vol");
	expect_readonly("/over/vol");
}

const struct zdtm_case zdtm_case = {
	.about = "A hidden tmpfs at the path of an external mount stays the tmpfs it was.",
	.dump = LIST("--external", "mnt[/vol]:vol", "--external", "mnt[/over/vol]:other"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol", "--external", "mnt[other]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
