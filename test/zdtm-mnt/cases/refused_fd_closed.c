// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("dir");
}

static void build(void)
{
	bind("dir", "/dir");
	bind("dir", "/other");
}

const struct zdtm_case zdtm_case = {
	.about = "A source that is a descriptor which nobody has opened is refused.",
	.dump = LIST("--external", "mnt[/dir]:dir", "--external", "mnt[/other]:other"),
	.restore = LIST("--external", "mnt[other]:@SRC@/dir", "--inherit-fd", "fd[7]:mnt[dir]"),
	.inherit = LIST("8=@SRC@/dir"),
	.prepare = prepare,
	.build = build,
	.refused = REFUSED_AT_RESTORE,
	.status = 2,
	.says = LIST("7"),
};
