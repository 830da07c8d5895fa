// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

static void build(void)
{
	bind("vol", "/vol");
	make_dir("/just-a-directory");
}

const struct zdtm_case zdtm_case = {
	.about =
		"A path declared external that has no mount, and an id that no mount has, are errors.",
	.dump = LIST("--external", "mnt[/vol]:vol", "--external", "mnt[/just-a-directory]:a",
		     "--external", "mnt[/missing]:b", "--external", "mnt[#999999999]:c"),
	.prepare = prepare,
	.build = build,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("/just-a-directory", "/missing", "999999999"),
};
