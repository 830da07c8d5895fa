// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	volume_file("file");
	volume("plain");
	plugin_map(LIST("/vol", "vol", "/etc/file", "file"));
}

static void build(void)
{
	bind_ro("vol", "/vol");
	bind("file", "/etc/file");
	bind("plain", "/plain");
}

static void check(void)
{
	expect_volume("/vol", "vol");
	expect_readonly("/vol");
	expect_volume_file("/etc/file", "file");
	expect_volume("/plain", "plain");
}

const struct zdtm_case zdtm_case = {
	.about =
		"A plugin's directory and file come from the plugin, a third mount from the caller.",
	.dump = LIST("-L", "@BUILD@/plugins", "--external", "mnt[/plain]:plain"),
	.restore = LIST("-L", "@BUILD@/plugins", "--external", "mnt[plain]:@SRC@/plain"),
	.env = LIST("BINDMOUNT_EXAMPLE_MAP=@SIDE@/map"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
