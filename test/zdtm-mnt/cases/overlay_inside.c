// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	make_file("/layers/lower/file", "lower\n");
	make_file("/layers/lower/kept", "kept\n");
	make_file("/layers/upper/added", "upper\n");
	/* A whiteout made by hand: one that the kernel makes leaves a trace in the work directory.
	 */
	make_node("/layers/upper/kept", S_IFCHR, 0, 0);
	make_dir("/layers/work");
	mount_new("overlay", "/merged", 0,
		  "lowerdir=/layers/lower,upperdir=/layers/upper,workdir=/layers/work");
	expect(!truncate("/merged/file", 3), "copy up: %s", strerror(errno));
}

static void check(void)
{
	expect_type("/merged", "overlay");
	expect_text("/merged/file", "low");
	expect_text("/merged/added", "upper\n");
	expect_absent("/merged/kept");
	expect_writable("/merged");
}

const struct zdtm_case zdtm_case = {
	.about = "An overlay whose layers lie in the root is mounted of the new root's layers.",
	.build = build,
	.check = check,
};
