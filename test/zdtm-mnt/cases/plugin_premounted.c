// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	volume_file("file");
	plugin_map(LIST("/vol", "vol", "/etc/file", "file"));
}

static void build(void)
{
	bind("vol", "/vol");
	bind("file", "/etc/file");
}

static void check(void)
{
	expect_volume("/vol", "vol");
	expect_volume_file("/etc/file", "file");
}

const struct zdtm_case zdtm_case = {
	.about =
		"With --premount existing a plugin finds its mountpoints, each of the recorded kind.",
	.dump = LIST("-L", "@BUILD@/plugins"),
	.restore = LIST("-L", "@BUILD@/plugins", "--premount", "existing"),
	.env = LIST("BINDMOUNT_EXAMPLE_MAP=@SIDE@/map"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
