// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* A backslash before what would have a meaning; lowerdir+ takes names as they are. */
static void mount_plus(void)
{
	int fs = fsopen("overlay", FSOPEN_CLOEXEC), tree;

	if (fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", "/l/a:b,c\\d e", 0))
		skip("this kernel has no lowerdir+: %s", strerror(errno));
	expect(!fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", "/l/\n#x", 0) &&
		       !fsconfig(fs, FSCONFIG_SET_STRING, "upperdir", "/u2,p:p", 0) &&
		       !fsconfig(fs, FSCONFIG_SET_STRING, "workdir", "/w2:k,", 0) &&
		       !fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0),
	       "fsconfig: %s", strerror(errno));
	tree = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	make_dir("/plus");
	expect(!move_mount(tree, "", AT_FDCWD, "/plus", MOVE_MOUNT_F_EMPTY_PATH), "move_mount: %s",
	       strerror(errno));
	close(tree);
	close(fs);
}

static void build(void)
{
	make_file("/l/a:b,c\\d e/file", "one\n");
	make_file("/l/\n#x/other", "two\n");
	make_dir("/u,p:p");
	make_dir("/w,k");
	make_dir("/u2,p:p");
	make_dir("/w2:k,");
	mount_named("odd name", "overlay", "/list", 0,
		    "lowerdir=/l/a\\:b\\,c\\\\d e:/l/\n#x,upperdir=/u\\,p\\:p,workdir=/w\\,k");
	mount_plus();
}

static void check(void)
{
	expect_text("/list/file", "one\n");
	expect_text("/list/other", "two\n");
	expect_text("/plus/file", "one\n");
	expect_text("/plus/other", "two\n");
	expect_writable("/list");
	expect_writable("/plus");
}

const struct zdtm_case zdtm_case = {
	.about = "Layers of an overlay whose names have colons, commas, backslashes and newlines.",
	.build = build,
	.check = check,
};
