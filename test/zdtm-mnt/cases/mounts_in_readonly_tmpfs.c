// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	volume_file("file");
}

static void build(void)
{
	mount_new("tmpfs", "/ro", 0, "size=1m");
	make_file("/ro/own", "own\n");
	bind("vol", "/ro/vol");
	bind("file", "/ro/file");
	mount_new("tmpfs", "/ro/tmp", 0, "size=2m");
	make_file("/ro/tmp/file", "x");
	expect(!mount(NULL, "/ro", NULL, MS_REMOUNT | MS_RDONLY, "size=1m"), "remount: %s",
	       strerror(errno));
}

static void check(void)
{
	expect_readonly("/ro");
	expect_text("/ro/own", "own\n");
	expect_volume("/ro/vol", "vol");
	expect_volume_file("/ro/file", "file");
	expect_writable("/ro/vol");
	expect_writable("/ro/tmp");
	expect_text("/ro/tmp/file", "x");
}

const struct zdtm_case zdtm_case = {
	.about = "Mountpoints inside a tmpfs that is read-only, mount and superblock.",
	.dump = LIST("--external", "mnt[/ro/vol]:vol", "--external", "mnt[/ro/file]:file"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol", "--external", "mnt[file]:@SRC@/file"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
