// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare_one(const char *name)
{
	char path[64];

	volume(name);
	snprintf(path, sizeof(path), "src/%s/sub", name);
	mount_new("tmpfs", path, 0, "size=64k");
	volume(path + 4);
	snprintf(path, sizeof(path), "src/%s/sub/deeper", name);
	mount_new("ramfs", path, 0, NULL);
	volume(path + 4);
}

static void prepare(void)
{
	prepare_one("dir");
	prepare_one("tree");
}

static void build(void)
{
	make_dir("/dir");
	make_dir("/tree");
	expect(!mount("dir", "/dir", NULL, MS_BIND | MS_REC, NULL) &&
		       !mount("tree", "/tree", NULL, MS_BIND | MS_REC, NULL),
	       "rbind: %s", strerror(errno));
	bind("/dir/sub/deeper", "/again");
}

static void check(void)
{
	expect_volume("/dir", "dir");
	expect_volume("/dir/sub", "dir/sub");
	expect_volume("/dir/sub/deeper", "dir/sub/deeper");
	expect_volume("/tree/sub/deeper", "tree/sub/deeper");
	expect_volume("/again", "dir/sub/deeper");
	expect_type("/dir/sub", "tmpfs");
	expect_type("/tree/sub/deeper", "ramfs");
	expect_one_superblock("/again", "/dir/sub/deeper");
}

const struct zdtm_case zdtm_case = {
	.about = "A volume that comes as a descriptor brings its submounts, recursively.",
	.dump = LIST("--external", "mnt[/dir]:dir", "--external", "mnt[/tree]:tree", "--external",
		     "mnt[/again]:again"),
	.restore = LIST("--inherit-fd", "fd[7]:mnt[dir]", "--inherit-fd", "fd[8]:mnt[tree]",
			"--external", "mnt[again]:@SRC@/dir/sub/deeper"),
	.inherit = LIST("7=@SRC@/dir", "8=@SRC@/tree"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
