// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/shared", 0, NULL);
	make_dir("/shared/below");
	propagation("/shared", MS_SHARED);
	bind("/shared", "/private");
	propagation("/private", MS_PRIVATE);
}

static void check(void)
{
	mount_new("tmpfs", "/shared/below", 0, NULL);
	make_file("/shared/below/file", "");
	expect_absent("/private/below/file");
	unmount("/shared/below");
	expect_propagation("/private/below", NULL, LIST("/shared/below"));
}

const struct zdtm_case zdtm_case = {
	.about = "A private bind of a shared mount sees nothing of what happens there.",
	.build = build,
	.check = check,
};
