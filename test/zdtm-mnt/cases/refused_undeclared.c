// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("one");
	volume("two");
	volume("three");
	volume_file("file");
}

static void build(void)
{
	bind("one", "/srv/one");
	bind("two", "/srv/two");
	bind("file", "/etc/file");
	bind("three", "/declared");
}

const struct zdtm_case zdtm_case = {
	.about =
		"Every external mount that nobody declared is named at once, with what would help.",
	.dump = LIST("--external", "mnt[/declared]:vol"),
	.prepare = prepare,
	.build = build,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("/srv/one", "/srv/two", "/etc/file", "--external"),
};
