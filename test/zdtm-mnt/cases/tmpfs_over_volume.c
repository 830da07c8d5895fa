// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	make_dir("src/vol/cache");
}

static void build(void)
{
	bind("vol", "/vol");
	mount_new("tmpfs", "/vol/cache", 0, "size=1m");
	make_file("/vol/cache/entry", "cached\n");
	bind("vol", "/covered");
	mount_new("tmpfs", "/covered", 0, NULL);
	make_file("/covered/top", "top\n");
}

static void check(void)
{
	expect_volume("/vol", "vol");
	expect_text("/vol/cache/entry", "cached\n");
	expect_text("/covered/top", "top\n");
	expect_absent("/covered/marker");
	expect_mounts("/covered", 2);
}

const struct zdtm_case zdtm_case = {
	.about = "A tmpfs inside an external volume, and one that covers a volume named by its id.",
	.dump = LIST("--external", "mnt[/vol]:vol", "--external", "mnt[#@ID:/covered#1@]:covered"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol", "--external", "mnt[covered]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
