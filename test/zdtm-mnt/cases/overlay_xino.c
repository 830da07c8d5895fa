// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* A kernel that does not know the options, or the filesystem below, says EINVAL. */
static void mount_layers(const char *options)
{
	make_dir("/merged");
	if (mount("overlay", "/merged", "overlay", 0, options))
		skip("overlay with %s: %s", options, strerror(errno));
}

static void build(void)
{
	make_file("/layers/lower/file", "lower\n");
	make_file("/layers/upper/other", "upper\n");
	make_dir("/layers/work");
	mount_layers("lowerdir=/layers/lower,upperdir=/layers/upper,workdir=/layers/work,xino=on");
}

static void check(void)
{
	expect_text("/merged/file", "lower\n");
	expect_text("/merged/other", "upper\n");
}

const struct zdtm_case zdtm_case = {
	.about = "An overlay with xino has that option again.",
	.build = build,
	.check = check,
};
