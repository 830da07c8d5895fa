// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	make_file("/usr/lib/file", "of the root\n");
	mount_new("tmpfs", "/run", 0, "mode=755");
	make_dir("/run/upper");
	make_dir("/within");
	make_dir("/in/upper");
	make_dir("/in/work");
	make_dir("/run/work");
	mount_named("changes", "overlay", "/usr/lib", MS_NODEV,
		    "lowerdir=/usr/lib,upperdir=/run/upper,workdir=/run/work");
	mount_named("overlay", "overlay", "/within", 0,
		    "lowerdir=/in,upperdir=/in/upper,workdir=/in/work");
	make_file("/usr/lib/added", "in the tmpfs\n");
	mount_new("tmpfs", "/usr/lib/over", 0, NULL);
	make_file("/usr/lib/over/file", "on the overlay\n");
}

static void check(void)
{
	expect_writable("/within");
	expect_text("/usr/lib/file", "of the root\n");
	expect_text("/usr/lib/added", "in the tmpfs\n");
	expect_text("/run/upper/added", "in the tmpfs\n");
	expect_text("/usr/lib/over/file", "on the overlay\n");
}

const struct zdtm_case zdtm_case = {
	.about =
		"An overlay mounted over its own lower layer, with its upper one in a tmpfs; one whose upper layer lies in the lower one.",
	.build = build,
	.check = check,
};
