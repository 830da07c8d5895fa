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
	mount_tmpfs("/32", "inode32");
	mount_tmpfs("/64", "inode64");
	mount_tmpfs("/unlimited", "size=0,nr_inodes=0");
	make_file("/64/file", "x");
}

static void check(void)
{
	expect_text("/64/file", "x");
}

const struct zdtm_case zdtm_case = {
	.about = "tmpfs mounts with 32 and with 64 bits for inode numbers, or no limit of inodes.",
	.build = build,
	.check = check,
};
