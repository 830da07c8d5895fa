// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume_file("file");
}

static void build(void)
{
	make_file("/etc/one", "one\n");
	make_file("/etc/two", "two\n");
	make_file("/etc/target", "underneath\n");
	bind("/etc/one", "/etc/target");
	bind_ro("/etc/two", "/etc/target");
	bind("file", "/etc/target");
}

static void check(void)
{
	expect_volume_file("/etc/target", "file");
	expect_text("/etc/one", "one\n");
	expect_mounts("/etc/target", 3);
}

const struct zdtm_case zdtm_case = {
	.about = "Files bound over a file, one on the other, an external one on top.",
	.dump = LIST("--external", "mnt[/etc/target]:file"),
	.restore = LIST("--external", "mnt[file]:@SRC@/file"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
