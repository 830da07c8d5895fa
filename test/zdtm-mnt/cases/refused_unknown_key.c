// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

static void build(void)
{
	bind("vol", "/vol");
}

const struct zdtm_case zdtm_case = {
	.about = "Keys that no mount of the image has are all named at restore.",
	.dump = LIST("--external", "mnt[/vol]:vol"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol", "--external",
			"mnt[nobodys-key]:@SRC@/vol", "--external", "mnt[other-key]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("nobodys-key", "other-key"),
};
