// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	make_dir("src/vol/empty");
	volume("elsewhere");
	mount_new("tmpfs", "src/vol/sub", 0, NULL);
	volume("vol/sub");
	mount_new("ramfs", "src/vol/sub/deeper", 0, NULL);
	volume("vol/sub/deeper");
	make_dir("src/vol/bound");
	bind("src/elsewhere", "src/vol/bound");
}

static void rbind(const char *source, const char *path)
{
	make_dir(path);
	expect(!mount(source, path, NULL, MS_BIND | MS_REC, NULL), "rbind: %s", strerror(errno));
}

static void build(void)
{
	rbind("vol", "/vol");
	rbind("/vol", "/again");
	attributes("/again/sub", MOUNT_ATTR_RDONLY);
	rbind("/vol/sub", "/part");
	bind("/vol/bound", "/bound");
	bind("/vol/sub/deeper/marker", "/etc/marker");
	/* Inside the volume, where its source has nothing of the kind. */
	bind("/vol/sub/deeper", "/vol/empty");
}

static void check(void)
{
	expect_volume("/again", "vol");
	expect_volume("/again/sub/deeper", "vol/sub/deeper");
	expect_volume("/part/deeper", "vol/sub/deeper");
	expect_volume("/bound", "elsewhere");
	expect_volume_file("/etc/marker", "vol/sub/deeper");
	expect_volume("/vol/empty", "vol/sub/deeper");
	expect_readonly("/again/sub");
	expect_writable("/vol/sub");
	expect_one_superblock("/again/sub", "/vol/sub");
}

const struct zdtm_case zdtm_case = {
	.about = "Binds of the submounts of an rbind volume follow them to its new source.",
	.dump = LIST("--external", "mnt[/vol]:vol"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
