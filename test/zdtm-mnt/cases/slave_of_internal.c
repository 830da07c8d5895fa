// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/master", 0, NULL);
	make_dir("/master/below");
	propagation("/master", MS_SHARED);
	bind("/master", "/slave");
	propagation("/slave", MS_SLAVE);
}

static void check(void)
{
	mount_new("tmpfs", "/master/below", 0, "size=1m");
	make_file("/master/below/file", "x");
	expect_text("/slave/below/file", "x");
	unmount("/master/below");
	expect_absent("/slave/below/file");
	mount_new("tmpfs", "/slave/below", 0, "size=1m");
	make_file("/slave/below/file", "y");
	expect_absent("/master/below/file");
	unmount("/slave/below");
}

const struct zdtm_case zdtm_case = {
	.about = "A slave sees the mounts of its master inside the namespace, and not the reverse.",
	.build = build,
	.check = check,
};
