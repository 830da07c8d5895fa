// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("dir");
	volume_file("file");
}

static void build(void)
{
	bind("dir", "/dir");
	bind("dir", "/other");
}

const struct zdtm_case zdtm_case = {
	.about = "A descriptor of a file is no source for a directory.",
	.dump = LIST("--external", "mnt[/dir]:dir", "--external", "mnt[/other]:other"),
	.restore = LIST("--external", "mnt[other]:@SRC@/dir", "--inherit-fd", "fd[7]:mnt[dir]"),
	.inherit = LIST("7=@SRC@/file"),
	.prepare = prepare,
	.build = build,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("/dir"),
};
