// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

/* The table is in the order of the mounts' birth: what is moved goes below a younger one. */
static void build(void)
{
	bind("vol", "/first");
	mount_new("tmpfs", "/second", 0, "size=1m");
	make_dir("/second/place");
	mount_new("tmpfs", "/third", 0, "size=2m");
	make_dir("/third/place");
	expect(!mount("/first", "/second/place", NULL, MS_MOVE, NULL), "move: %s", strerror(errno));
	expect(!mount("/second", "/third/place", NULL, MS_MOVE, NULL), "move: %s", strerror(errno));
}

static void check(void)
{
	expect_volume("/third/place/place", "vol");
	expect_mounts("/third/place", 1);
	expect_mounts("/first", 0);
}

const struct zdtm_case zdtm_case = {
	.about = "Parents that the table lists after their children.",
	.dump = LIST("--external", "mnt[/third/place/place]:vol"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
