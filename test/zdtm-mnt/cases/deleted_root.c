// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/t", 0, NULL);
	make_file("/t/gone/file", "of a directory that is gone\n");
	bind("/t/gone", "/kept");
	expect(!unlink("/t/gone/file") && !rmdir("/t/gone"), "rmdir: %s", strerror(errno));
}

static void check(void)
{
	expect_absent("/t/gone");
	expect_errno(open("/kept/new", O_WRONLY | O_CREAT, 0600), ENOENT);
	expect_one_superblock("/t", "/kept");
}

const struct zdtm_case zdtm_case = {
	.about = "A bind of a directory that was removed since is a bind of a removed directory.",
	.build = build,
	.check = check,
};
