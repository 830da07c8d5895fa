// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void must(bool done, const char *what)
{
	expect(done, "%s: %s", what, strerror(errno));
}

static void build(void)
{
	make_dir("/src-dir");
	bind("/src-dir", "/dir");
	bind("/src-dir", "/dir-again");
	must(!chmod("/src-dir", 0710), "chmod");
	must(!rmdir("/src-dir"), "rmdir");
	make_file("/src-file", "what the file holds");
	must(!chmod("/src-file", 0640) && !chown("/src-file", 12, 34), "chmod");
	bind("/src-file", "/file");
	must(!unlink("/src-file"), "unlink");
	/* The directories on the way are gone, too. */
	make_dir("/way/of/dirs");
	make_file("/way/of/file", "");
	bind("/way/of/dirs", "/deep");
	bind("/way/of/file", "/empty");
	attributes("/empty", MOUNT_ATTR_RDONLY);
	propagation("/deep", MS_SHARED);
	must(!rmdir("/way/of/dirs") && !unlink("/way/of/file") && !rmdir("/way/of") &&
		     !rmdir("/way"),
	     "rmdir");
}

static void check(void)
{
	expect_mode("/dir", S_IFDIR | 0710);
	expect_mode("/dir-again", S_IFDIR | 0710);
	expect_text("/file", "what the file holds");
	expect_mode("/file", S_IFREG | 0640);
	expect_owner("/file", 12, 34);
	expect_text("/empty", "");
	expect_errno(mkdir("/dir/x", 0700), ENOENT);
	expect_absent("/src-dir");
	expect_absent("/src-file");
	expect_absent("/way");
}

const struct zdtm_case zdtm_case = {
	.about =
		"Directories and a file that were deleted in the root's filesystem are shown again.",
	.restore = LIST("--create-mountpoints"),
	.build = build,
	.check = check,
};
