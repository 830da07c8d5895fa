// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/first", 0, NULL);
	make_file("/first/sub/deeper/file", "x");
	bind_ro("/first/sub", "/second");
	bind("/second/deeper", "/third");
	allow("/third", MOUNT_ATTR_RDONLY);
	bind_ro("/third/file", "/fourth");
	attributes("/third", MOUNT_ATTR_NODEV);
}

static void check(void)
{
	expect_writable("/first");
	expect_readonly("/second");
	expect_writable("/third");
	expect_text("/fourth", "x");
	expect_errno(open("/fourth", O_WRONLY), EROFS);
	expect_flags("/third", ST_NODEV | ST_RELATIME);
	expect_flags("/fourth", ST_RDONLY | ST_RELATIME);
	expect_one_superblock("/first", "/third");
}

const struct zdtm_case zdtm_case = {
	.about = "A bind of a bind of a bind, writable and read-only in turns.",
	.build = build,
	.check = check,
};
