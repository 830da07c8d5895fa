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

/* The kernel's mark: nobody has synced these layers. The copy was. */
static void alter(void)
{
	unlink("root/layers/work/work/incompat/volatile/dirty");
	expect(!rmdir("root/layers/work/work/incompat/volatile") &&
		       !rmdir("root/layers/work/work/incompat"),
	       "rmdir: %s", strerror(errno));
}

static void check(void)
{
	expect_text("/merged/file", "lower\n");
	expect_text("/merged/added", "upper\n");
	expect_writable("/merged");
}

const struct zdtm_case zdtm_case = {
	.about = "A volatile overlay is volatile again, where the caller vouches for its layers.",
	.build = build,
	.alter = alter,
	.creates = LIST("/layers/work/work/incompat", "/layers/work/work/incompat/volatile",
			"/layers/work/work/incompat/volatile/dirty"),
	.check = check,
};
