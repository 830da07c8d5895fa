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
	mount_tmpfs("/always", "huge=always,size=8m");
	mount_tmpfs("/within", "huge=within_size,size=8m");
	mount_tmpfs("/advise", "huge=advise,size=8m");
	mount_tmpfs("/never", "huge=never,size=8m");
	make_file("/within/file", "x");
}

static void check(void)
{
	expect_text("/within/file", "x");
}

const struct zdtm_case zdtm_case = {
	.about = "tmpfs mounts with each of the policies for huge pages.",
	.build = build,
	.check = check,
};
