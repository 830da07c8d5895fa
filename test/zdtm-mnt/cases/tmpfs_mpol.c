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
	mount_tmpfs("/prefer", "mpol=prefer:0,size=1m");
	mount_tmpfs("/bind", "mpol=bind=static:0,size=1m");
	mount_tmpfs("/interleave", "mpol=interleave:0,size=1m");
	mount_tmpfs("/local", "mpol=local");
	make_file("/bind/file", "x");
}

static void check(void)
{
	expect_text("/bind/file", "x");
}

const struct zdtm_case zdtm_case = {
	.about = "tmpfs mounts with memory policies, commas and all.",
	.build = build,
	.check = check,
};
