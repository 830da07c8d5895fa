// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("dir");
	volume_file("dir/conf");
	volume_file("other");
}

static void build(void)
{
	bind("dir", "/dir");
	bind("other", "/dir/conf");
	bind("dir/conf", "/etc/conf");
	bind_ro("/dir/marker", "/etc/marker");
}

static void check(void)
{
	expect_volume("/dir", "dir");
	expect_volume_file("/dir/conf", "other");
	expect_volume_file("/etc/conf", "dir/conf");
	expect_volume_file("/etc/marker", "dir");
	expect_errno(open("/etc/marker", O_WRONLY), EROFS);
}

const struct zdtm_case zdtm_case = {
	.about = "A file of an external directory is covered by a file, and is external elsewhere.",
	.dump = LIST("--external", "mnt[/dir]:dir", "--external", "mnt[/dir/conf]:other",
		     "--external", "mnt[/etc/conf]:conf"),
	.restore = LIST("--external", "mnt[dir]:@SRC@/dir", "--external", "mnt[other]:@SRC@/other",
			"--external", "mnt[conf]:@SRC@/dir/conf"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
