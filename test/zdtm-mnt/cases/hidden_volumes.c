// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("one");
	volume("two");
	volume_file("file");
}

static void build(void)
{
	bind("one", "/root-dir/one");
	mount_new("tmpfs", "/t", 0, "size=1m");
	bind_ro("two", "/t/two");
	bind("file", "/t/file");
	mount_new("tmpfs", "/root-dir", 0, "size=2m");
	make_file("/root-dir/one", "a file where the volume is\n");
	mount_new("tmpfs", "/t", 0, "size=3m");
	make_dir("/t/two");
}

static void see_one(void)
{
	expect_volume("/root-dir/one", "one");
}

static void see_two(void)
{
	expect_volume("/t/two", "two");
	expect_readonly("/t/two");
	expect_volume_file("/t/file", "file");
}

static void check(void)
{
	expect_text("/root-dir/one", "a file where the volume is\n");
	expect_absent("/t/two/marker");
	without("/root-dir", see_one);
	without("/t", see_two);
}

const struct zdtm_case zdtm_case = {
	.about = "External mounts in trees that are hidden, named by their ids.",
	.dump = LIST("--external", "mnt[#@ID:/root-dir/one@]:one", "--external",
		     "mnt[#@ID:/t/two@]:two", "--external", "mnt[#@ID:/t/file@]:file"),
	.restore = LIST("--external", "mnt[one]:@SRC@/one", "--external", "mnt[two]:@SRC@/two",
			"--external", "mnt[file]:@SRC@/file"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
