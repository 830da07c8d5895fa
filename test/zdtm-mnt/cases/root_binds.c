// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	make_file("/etc/real", "real\n");
	make_file("/opt/dir/file", "in a directory\n");
	bind("/etc/real", "/etc/alias");
	bind("/opt/dir", "/mnt/dir");
	bind_ro("/opt/dir", "/opt/dir");
	bind("/", "/mnt/root");
}

static void check(void)
{
	expect_text("/etc/alias", "real\n");
	expect_text("/mnt/dir/file", "in a directory\n");
	expect_readonly("/opt/dir");
	expect_writable("/mnt/dir");
	expect_text("/mnt/root/opt/dir/file", "in a directory\n");
	expect_writable("/mnt/root/opt/dir");
	expect_one_superblock("/etc", "/etc/alias");
}

const struct zdtm_case zdtm_case = {
	.about =
		"Binds of the root's files and directories, one onto itself, one of the root itself.",
	.build = build,
	.check = check,
};
