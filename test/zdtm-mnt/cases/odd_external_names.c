// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("my vol");
	volume("new\nline");
	volume("\xff\xfe");
}

static void build(void)
{
	bind("my vol", "/my vol");
	bind("new\nline", "/new\nline");
	bind("\xff\xfe", "/\xff\xfe");
}

static void check(void)
{
	expect_volume("/my vol", "my vol");
	expect_volume("/new\nline", "new\nline");
	expect_volume("/\xff\xfe", "\xff\xfe");
}

const struct zdtm_case zdtm_case = {
	.about = "External mounts, keys and sources may have names that no shell likes.",
	.dump = LIST("--external", "mnt[/my vol]:my key", "--external", "mnt[/new\nline]:new\nline",
		     "--external", "mnt[/\xff\xfe]:\xff\xfe"),
	.restore = LIST("--external", "mnt[my key]:@SRC@/my vol", "--external",
			"mnt[new\nline]:@SRC@/new\nline", "--external",
			"mnt[\xff\xfe]:@SRC@/\xff\xfe"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
