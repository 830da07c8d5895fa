// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	volume("elsewhere");
	volume_file("a-file");
	mount_new("tmpfs", "src/vol/sub", 0, NULL);
	volume("vol/sub");
	mount_new("ramfs", "src/vol/sub/deeper", 0, NULL);
	volume("vol/sub/deeper");
	bind("src/elsewhere", "src/vol/sub/deeper/bound");
	bind("src/a-file", "src/vol/file");
	attributes("src/vol/sub/deeper/bound", MOUNT_ATTR_RDONLY);
}

static void build(void)
{
	make_dir("/vol");
	expect(!mount("vol", "/vol", NULL, MS_BIND | MS_REC, NULL), "rbind: %s", strerror(errno));
}

static void check(void)
{
	expect_volume("/vol", "vol");
	expect_volume("/vol/sub", "vol/sub");
	expect_type("/vol/sub", "tmpfs");
	expect_volume("/vol/sub/deeper", "vol/sub/deeper");
	expect_type("/vol/sub/deeper", "ramfs");
	expect_volume("/vol/sub/deeper/bound", "elsewhere");
	expect_readonly("/vol/sub/deeper/bound");
	expect_volume_file("/vol/file", "a-file");
}

const struct zdtm_case zdtm_case = {
	.about = "The submounts of an rbind volume come along from its new source, recursively.",
	.dump = LIST("--external", "mnt[/vol]:vol"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
