// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	plugin_map(LIST("/vol", "vol"));
	make_dir("no-plugins");
}

static void build(void)
{
	bind("vol", "/vol");
}

const struct zdtm_case zdtm_case = {
	.about = "A mount that a plugin dumped cannot be restored when no plugin is loaded.",
	.dump = LIST("-L", "@BUILD@/plugins"),
	.restore = LIST("-L", "@SIDE@/no-plugins"),
	.env = LIST("BINDMOUNT_EXAMPLE_MAP=@SIDE@/map"),
	.prepare = prepare,
	.build = build,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("/vol"),
};
