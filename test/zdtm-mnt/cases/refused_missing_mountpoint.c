// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

static void build(void)
{
	bind("vol", "/vol");
	bind("vol", "/other");
}

static void alter(void)
{
	expect(!rmdir("root/vol"), "rmdir: %s", strerror(errno));
}

const struct zdtm_case zdtm_case = {
	.about =
		"A mountpoint that the new root lacks is an error that names --create-mountpoints.",
	.dump = LIST("--external", "mnt[/vol]:vol", "--external", "mnt[/other]:other"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol", "--external", "mnt[other]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.alter = alter,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("/vol", "--create-mountpoints"),
};
