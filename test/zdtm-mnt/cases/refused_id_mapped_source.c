// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("plain");
	volume("mapped");
	bind("src/mapped", "src/mapped");
	map_ids("src/mapped", 60000);
	if (!on_new_side())
		return;
	bind("src/plain", "src/plain");
	map_ids("src/plain", 60000);
	unmount("src/mapped");
	map_ids("src/mapped", 70000);
}

static void build(void)
{
	bind("plain", "/plain");
	bind("mapped", "/mapped");
}

const struct zdtm_case zdtm_case = {
	.about = "A source that is id-mapped is no source for what had other maps, or none.",
	.dump = LIST("--external", "mnt[/plain]:1", "--external", "mnt[/mapped]:2"),
	.restore = LIST("--external", "mnt[1]:@SRC@/plain", "--external", "mnt[2]:@SRC@/mapped"),
	.prepare = prepare,
	.build = build,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("/plain (mount", "its source is id-mapped, and it was not", "/mapped (mount",
		     "with other maps than it had"),
	.flavours = FLAVOUR_HOST,
	.reader = "statmount",
};
