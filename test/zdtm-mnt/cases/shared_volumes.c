// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	make_dir("src/vol/below");
}

static void build(void)
{
	bind("vol", "/one");
	propagation("/one", MS_SHARED);
	bind("/one", "/two");
	bind("vol", "/other");
	propagation("/other", MS_SHARED);
}

static void check(void)
{
	mount_new("tmpfs", "/one/below", 0, "size=1m");
	make_file("/one/below/file", "seen by the peer\n");
	expect_text("/two/below/file", "seen by the peer\n");
	expect_absent("/other/below/file");
	unmount("/one/below");
	expect_absent("/two/below/file");
	expect_propagation("/two/below", LIST("/one/below"), LIST("/other/below"));
	expect_propagation("/other/below", NULL, LIST("/one/below", "/two/below"));
}

const struct zdtm_case zdtm_case = {
	.about = "External volumes that are peers inside are peers again; a third one stays apart.",
	.dump = LIST("--external", "mnt[/one]:one", "--external", "mnt[/two]:two", "--external",
		     "mnt[/other]:other"),
	.restore = LIST("--external", "mnt[one]:@SRC@/vol", "--external", "mnt[two]:@SRC@/vol",
			"--external", "mnt[other]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
