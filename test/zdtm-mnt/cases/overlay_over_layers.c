// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	make_file("/whole/part/file", "of the part\n");
	make_file("/other/more", "of the other\n");
	make_dir("/m/in");
	bind("/whole/part", "/m/in");
	mount_named("overlay", "overlay", "/m/in", 0, "lowerdir=/other:/m/in");
	bind("/", "/m/in");
	mount_new("tmpfs", "/m/in/m", 0, NULL);
}

static void of_the_overlay(void)
{
	expect_text("/m/in/file", "of the part\n");
	expect_text("/m/in/more", "of the other\n");
}

static void check(void)
{
	expect_text("/m/in/other/more", "of the other\n");
	without("/m/in", of_the_overlay);
}

const struct zdtm_case zdtm_case = {
	.about = "An overlay on its own layer, with a mount on it in which the other layer lies.",
	.build = build,
	.check = check,
};
