// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	volume_file("file");
}

static void build(void)
{
	bind("vol", "/directory");
	bind("file", "/etc/file");
	bind("vol", "/gone");
}

const struct zdtm_case zdtm_case = {
	.about =
		"A file for a directory, a directory for a file, and no source at all: named at once.",
	.dump = LIST("--external", "mnt[/directory]:1", "--external", "mnt[/etc/file]:2",
		     "--external", "mnt[/gone]:3"),
	.restore = LIST("--external", "mnt[1]:@SRC@/file", "--external", "mnt[2]:@SRC@/vol",
			"--external", "mnt[3]:@SRC@/never-made"),
	.prepare = prepare,
	.build = build,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("/directory", "/etc/file", "/gone", "never-made"),
};
