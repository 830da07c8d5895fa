// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("one");
	volume("two");
	volume("three");
}

static void build(void)
{
	bind("one", "/srv/one");
	bind("two", "/srv/two");
	bind("three", "/data");
}

static void check(void)
{
	expect_volume("/srv/one", "one");
	expect_volume("/srv/two", "two");
	expect_volume("/data", "three");
	expect_writable("/data");
}

const struct zdtm_case zdtm_case = {
	.about = "External directories come from the caller's sources, each at its own place.",
	.dump = LIST("--external", "mnt[/srv/one]:first", "--external", "mnt[/srv/two]:second",
		     "--external", "mnt[/data]:third"),
	.restore = LIST("--external", "mnt[first]:@SRC@/one", "--external", "mnt[second]:@SRC@/two",
			"--external", "mnt[third]:@SRC@/three"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
