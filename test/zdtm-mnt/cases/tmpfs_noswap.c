// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void mount_tmpfs(const char *path, const char *options)
{
	make_dir(path);
	if (mount("tmpfs", path, "tmpfs", 0, options))
		skip("tmpfs with %s: %s", options, strerror(errno));
}

static void build(void)
{
	mount_tmpfs("/secret", "noswap,size=1m,mode=700");
	make_file("/secret/file", "x");
}

static void check(void)
{
	expect_text("/secret/file", "x");
	expect_mode("/secret", S_IFDIR | 0700);
}

const struct zdtm_case zdtm_case = {
	.about = "A tmpfs that is never swapped out is so again.",
	.build = build,
	.check = check,
	.flavours = FLAVOUR_HOST, /* the kernel lets only its root do so */
};
