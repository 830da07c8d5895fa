// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/t", 0, NULL);
	make_file("/t/name", "has another name\n");
	make_dir("/t/d");
	expect(!link("/t/name", "/t/d/still there"), "link: %s", strerror(errno));
	bind("/t/name", "/kept");
	make_file("/t/x", "had two names\n");
	expect(!link("/t/x", "/t/y"), "link: %s", strerror(errno));
	bind("/t/x", "/x");
	bind("/t/y", "/y");
	expect(!unlink("/t/name") && !unlink("/t/x") && !unlink("/t/y"), "unlink: %s",
	       strerror(errno));
}

static bool is_one_file(const char *path, const char *other, nlink_t names)
{
	struct stat l, r;

	return !stat(path, &l) && !stat(other, &r) && l.st_ino == r.st_ino && l.st_nlink == names;
}

static void check(void)
{
	expect(is_one_file("/kept", "/t/d/still there", 1), "the other name is another file's");
	expect(is_one_file("/x", "/y", 0), "two names of one file are two files");
	expect_text("/kept", "has another name\n");
	expect_text("/y", "had two names\n");
}

const struct zdtm_case zdtm_case = {
	.about = "A deleted root that has another name still, and one that had two.",
	.build = build,
	.check = check,
};
