// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	make_dir("/below");
	mount_new("tmpfs", "/tmp", 0, NULL);
	make_file("/tmp/file", "x");
}

static void settle(void)
{
	propagation("/", MS_REC | MS_SHARED);
	bind("/", "/view");
}

static void check(void)
{
	mount_new("tmpfs", "/below", 0, "size=1m");
	make_file("/below/file", "everywhere\n");
	expect_text("/view/below/file", "everywhere\n");
	unmount("/below");
	expect_absent("/view/below/file");
	expect_propagation("/view/below", LIST("/below"), NULL);
	expect_text("/tmp/file", "x");
}

const struct zdtm_case zdtm_case = {
	.about =
		"A root that is shared, with a peer of it inside, although none can be pivoted to.",
	.build = build,
	.settle = settle,
	.check = check,
};
