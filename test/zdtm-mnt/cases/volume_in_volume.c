// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("outer");
	make_dir("src/outer/place");
	volume("inner");
	make_file("src/inner/file", "");
	volume_file("innermost");
}

static void build(void)
{
	bind_ro("outer", "/outer");
	bind("inner", "/outer/place");
	bind_ro("innermost", "/outer/place/file");
}

static void check(void)
{
	expect_volume("/outer", "outer");
	expect_volume("/outer/place", "inner");
	expect_volume_file("/outer/place/file", "innermost");
	expect_readonly("/outer");
	expect_writable("/outer/place");
}

const struct zdtm_case zdtm_case = {
	.about = "A volume mounted inside a read-only volume, and a file inside that one.",
	.dump = LIST("--external", "mnt[/outer]:a", "--external", "mnt[/outer/place]:b",
		     "--external", "mnt[/outer/place/file]:c"),
	.restore = LIST("--external", "mnt[a]:@SRC@/outer", "--external", "mnt[b]:@SRC@/inner",
			"--external", "mnt[c]:@SRC@/innermost"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
