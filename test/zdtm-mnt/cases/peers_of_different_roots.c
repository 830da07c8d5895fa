// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/whole", 0, NULL);
	make_dir("/whole/part/below");
	make_dir("/whole/other/below");
	propagation("/whole", MS_SHARED);
	bind("/whole/part", "/part");
	bind("/whole/other", "/other");
}

static void check(void)
{
	mount_new("tmpfs", "/whole/part/below", 0, NULL);
	make_file("/whole/part/below/file", "x");
	expect_text("/part/below/file", "x");
	unmount("/part/below");
	expect_absent("/whole/part/below/file");
	expect_propagation("/part/below", LIST("/whole/part/below"), NULL);
	expect_propagation("/other/below", LIST("/whole/other/below"),
			   LIST("/part/below", "/whole/part/below"));
}

const struct zdtm_case zdtm_case = {
	.about = "Members of a peer group that have different roots in their filesystem.",
	.build = build,
	.check = check,
};
