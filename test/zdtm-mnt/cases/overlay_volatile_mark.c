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
	make_dir("/layers/upper");
	make_dir("/layers/work");
	mount_layers("lowerdir=/layers/lower,upperdir=/layers/upper,workdir=/layers/work,volatile");
	make_file("/merged/added", "upper\n");
}

static void check(void)
{
	expect_text("/merged/file", "lower\n");
	expect_text("/merged/added", "upper\n");
	expect_writable("/merged");
}

const struct zdtm_case zdtm_case = {
	.about =
		"A volatile overlay is restored where the kernel has marked its layers as those of one.",
	.build = build,
	.check = check,
};
