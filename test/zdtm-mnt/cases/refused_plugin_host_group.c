// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("peer");
	volume("slave");
	bind("src/peer", "src/peer");
	propagation("src/peer", MS_SHARED);
	bind("src/slave", "src/slave");
	propagation("src/slave", MS_SHARED);
	plugin_map(LIST("/peer", "peer", "/slave", "slave"));
}

static void build(void)
{
	bind("peer", "/peer");
	bind("slave", "/slave");
	propagation("/slave", MS_SLAVE);
}

static void check(void)
{
	expect_volume("/peer", "peer");
	expect_volume("/slave", "slave");
}

const struct zdtm_case zdtm_case = {
	.about =
		"A plugin's mount cannot join a peer group of the host: each is named, with what helps.",
	.dump = LIST("-L", "@BUILD@/plugins"),
	.restore = LIST("-L", "@BUILD@/plugins"),
	.env = LIST("BINDMOUNT_EXAMPLE_MAP=@SIDE@/map"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("/peer (mount", "/slave (mount", "plugin's mount cannot join a group",
		     "--sharing"),
};
