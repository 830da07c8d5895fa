// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* As kubelet makes them: a directory with the time in its name, and a link to it. */
static void prepare(void)
{
	volume("vol/..2026_11_21");
	make_link("src/vol/..data", "..2026_11_21");
	make_link("src/vol/marker", "..data/marker");
}

static void build(void)
{
	bind("vol", "/etc/config");
	bind("vol/..2026_11_21", "/etc/..part");
	mount_new("tmpfs", "/run", 0, "size=1m");
	make_file("/run/..data/.../file", "text\n");
	bind("/run/..data/...", "/dots/..a");
	bind("/run/..data/.../file", "/dots/.b");
	make_file("/..root/file", "of the root\n");
	bind("/..root", "/etc/root");
}

static void check(void)
{
	expect_volume("/etc/config", "vol/..2026_11_21");
	expect_volume("/etc/..part", "vol/..2026_11_21");
	expect_text("/dots/..a/file", "text\n");
	expect_text("/dots/.b", "text\n");
	expect_text("/etc/root/file", "of the root\n");
}

const struct zdtm_case zdtm_case = {
	.about = "Roots and mountpoints whose names begin with dots, as kubelet makes them.",
	.dump = LIST("--external", "mnt[/etc/config]:config", "--external",
		     "mnt[/etc/..part]:part"),
	.restore = LIST("--external", "mnt[config]:@SRC@/vol", "--external",
			"mnt[part]:@SRC@/vol/..data"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
