// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	make_dir("src/vol/gone");
}

static void build(void)
{
	bind("vol", "/vol");
	bind("/vol/gone", "/kept");
	if (!on_new_side())
		expect(!rmdir("/vol/gone"), "rmdir: %s", strerror(errno));
}

static void check(void)
{
	expect_volume("/vol", "vol");
}

const struct zdtm_case zdtm_case = {
	.about = "A deleted root of somebody else's filesystem is what the caller gives for it.",
	.dump = LIST("--external", "mnt[/vol]:vol", "--external", "mnt[/kept]:gone"),
	.restore =
		LIST("--external", "mnt[vol]:@SRC@/vol", "--external", "mnt[gone]:@SRC@/vol/gone"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.differs = LIST("/kept: root:"),
};
