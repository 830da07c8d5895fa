// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	volume("vol/sub");
}

static void build(void)
{
	bind("vol", "/vol");
	bind_ro("/vol/sub", "/srv/sub");
	bind("/vol/marker", "/etc/marker");
}

static void check(void)
{
	expect_volume("/vol", "vol");
	expect_volume("/srv/sub", "vol/sub");
	expect_readonly("/srv/sub");
	expect_volume_file("/etc/marker", "vol");
}

const struct zdtm_case zdtm_case = {
	.about = "Binds of an external volume's directory and file follow it to its new source.",
	.dump = LIST("--external", "mnt[/vol]:vol"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
