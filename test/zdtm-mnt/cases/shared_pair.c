// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/one", 0, NULL);
	make_dir("/one/below");
	propagation("/one", MS_SHARED);
	bind("/one", "/two");
	mount_new("tmpfs", "/alone", 0, NULL);
	make_dir("/alone/below");
	propagation("/alone", MS_SHARED);
}

static void check(void)
{
	mount_new("tmpfs", "/one/below", 0, "size=1m");
	make_file("/one/below/file", "seen by the peer\n");
	expect_text("/two/below/file", "seen by the peer\n");
	unmount("/two/below");
	expect_absent("/one/below/file");
	expect_propagation("/two/below", LIST("/one/below"), LIST("/alone/below"));
	expect_propagation("/alone/below", NULL, LIST("/one/below", "/two/below"));
}

const struct zdtm_case zdtm_case = {
	.about = "Two mounts of one peer group: a mount made below one appears in the other.",
	.build = build,
	.check = check,
};
