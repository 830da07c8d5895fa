// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

static void build(void)
{
	bind("vol", "/vol");
	bind("vol", "/srv/two");
	bind("vol", "/three");
}

const struct zdtm_case zdtm_case = {
	.about = "External mounts without a source are all named at restore, and nothing is built.",
	.dump = LIST("--external", "mnt[/vol]:key-one", "--external", "mnt[/srv/two]:key-two",
		     "--external", "mnt[/three]:key-three"),
	.restore = LIST("--external", "mnt[key-three]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("/vol", "key-one", "/srv/two", "key-two", "--external"),
};
