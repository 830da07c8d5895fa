// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	bind("src/vol", "src/vol");
	propagation("src/vol", MS_SHARED);
}

static void build(void)
{
	bind("vol", "/vol");
}

static void check(void)
{
	expect_volume("/vol", "vol");
}

const struct zdtm_case zdtm_case = {
	.about = "An rshared volume is in the peer group of the host's mount again.",
	.dump = LIST("--external", "mnt[/vol]:vol"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.flavours = FLAVOUR_HOST, /* a user namespace makes it a slave */
};
