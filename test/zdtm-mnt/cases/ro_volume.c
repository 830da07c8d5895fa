// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

static void build(void)
{
	bind_ro("vol", "/vol");
}

static void check(void)
{
	expect_volume("/vol", "vol");
	expect_readonly("/vol");
}

const struct zdtm_case zdtm_case = {
	.about = "A read-only external volume is read-only again: a write fails with EROFS.",
	.dump = LIST("--external", "mnt[/vol]:vol"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
