// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	volume_file("file");
	make_link("src/link", "chain");
	make_link("src/chain", "../src/vol");
	make_link("src/file-link", "file");
}

static void build(void)
{
	bind("vol", "/link");
	bind("file", "/etc/file");
	bind("vol", "/relative");
	bind("vol", "/dotted");
}

static void check(void)
{
	expect_volume("/link", "vol");
	expect_volume("/relative", "vol");
	expect_volume("/dotted", "vol");
	expect_volume_file("/etc/file", "file");
}

const struct zdtm_case zdtm_case = {
	.about = "Sources that are symlinks, relative, or lead through '..' and double slashes.",
	.dump = LIST("--external", "mnt[/link]:link", "--external", "mnt[/etc/file]:file",
		     "--external", "mnt[/relative]:relative", "--external", "mnt[/dotted]:dotted"),
	.restore = LIST("--external", "mnt[link]:@SRC@/link", "--external",
			"mnt[file]:new/src/file-link", "--external", "mnt[relative]:new/src/vol",
			"--external", "mnt[dotted]:./new/../new//src/./chain/"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
