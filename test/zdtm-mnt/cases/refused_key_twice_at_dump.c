// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

static void build(void)
{
	bind("vol", "/one");
	bind("vol", "/two");
}

const struct zdtm_case zdtm_case = {
	.about = "One key for two mounts is an error at dump.",
	.dump = LIST("--external", "mnt[/one]:same-key", "--external", "mnt[/two]:same-key"),
	.prepare = prepare,
	.build = build,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("same-key"),
};
