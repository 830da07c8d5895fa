// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_named("shared", "tmpfs", "/one", 0, "size=1m");
	mount_named("shared", "tmpfs", "/two", 0, "size=1m");
	make_file("/one/file", "one\n");
	make_file("/two/file", "two\n");
	bind("/one", "/one-again");
	bind("/two", "/two-again");
}

static void expect_two(const char *path, const char *other)
{
	struct stat a, b;

	expect(!stat(path, &a) && !stat(other, &b), "stat: %s", strerror(errno));
	expect(a.st_dev != b.st_dev, "%s and %s are of one filesystem", path, other);
}

static void check(void)
{
	expect_text("/one-again/file", "one\n");
	expect_text("/two-again/file", "two\n");
	expect_one_superblock("/one", "/one-again");
	expect_one_superblock("/two", "/two-again");
	expect_two("/one", "/two");
}

const struct zdtm_case zdtm_case = {
	.about = "Two tmpfs with the same name and options stay two, with their own binds.",
	.build = build,
	.check = check,
};
