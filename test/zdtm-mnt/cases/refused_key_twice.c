// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	volume("other");
}

static void build(void)
{
	bind("vol", "/vol");
}

const struct zdtm_case zdtm_case = {
	.about = "A key that is given two sources at restore is an error.",
	.dump = LIST("--external", "mnt[/vol]:the-key"),
	.restore = LIST("--external", "mnt[the-key]:@SRC@/vol", "--external",
			"mnt[the-key]:@SRC@/other"),
	.prepare = prepare,
	.build = build,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("the-key"),
};
