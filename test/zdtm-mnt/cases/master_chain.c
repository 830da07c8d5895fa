// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/m", 0, NULL);
	make_dir("/m/below");
	propagation("/m", MS_SHARED);
	bind("/m", "/s1");
	propagation("/s1", MS_SLAVE);
	propagation("/s1", MS_SHARED);
	bind("/s1", "/s1-peer");
	bind("/s1", "/s2");
	propagation("/s2", MS_SLAVE);
	propagation("/s2", MS_SHARED);
	bind("/s2", "/s3");
	propagation("/s3", MS_SLAVE);
}

static void check(void)
{
	mount_new("tmpfs", "/s1/below", 0, NULL);
	make_file("/s1/below/file", "x");
	expect_absent("/m/below/file");
	expect_text("/s1-peer/below/file", "x");
	expect_text("/s2/below/file", "x");
	expect_text("/s3/below/file", "x");
	unmount("/s1/below");
	expect_absent("/s3/below/file");
	expect_propagation("/m/below",
			   LIST("/s1/below", "/s1-peer/below", "/s2/below", "/s3/below"), NULL);
	expect_propagation("/s2/below", LIST("/s3/below"),
			   LIST("/m/below", "/s1/below", "/s1-peer/below"));
	expect_propagation("/s3/below", NULL, LIST("/m/below", "/s1/below", "/s2/below"));
}

const struct zdtm_case zdtm_case = {
	.about = "A chain of masters: what is mounted in the middle is seen below it, not above.",
	.build = build,
	.check = check,
};
