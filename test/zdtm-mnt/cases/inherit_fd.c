// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("dir");
	volume_file("file");
	volume("tree");
}

static void build(void)
{
	bind("dir", "/dir");
	bind_ro("file", "/etc/file");
	bind("tree", "/tree");
}

static void check(void)
{
	expect_volume("/dir", "dir");
	expect_volume_file("/etc/file", "file");
	expect_volume("/tree", "tree");
	expect_errno(open("/etc/file", O_WRONLY), EROFS);
	expect_writable("/tree");
}

const struct zdtm_case zdtm_case = {
	.about =
		"External mounts have descriptors as sources: a directory, a file, a detached mount.",
	.dump = LIST("--external", "mnt[/dir]:dir", "--external", "mnt[/etc/file]:file",
		     "--external", "mnt[/tree]:tree"),
	.restore = LIST("--inherit-fd", "fd[7]:mnt[dir]", "--inherit-fd", "fd[8]:mnt[file]",
			"--inherit-fd", "fd[9]:mnt[tree]"),
	.inherit = LIST("7=@SRC@/dir", "8=@SRC@/file", "9=tree:@SRC@/tree"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
