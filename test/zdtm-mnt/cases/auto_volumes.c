// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	volume_file("file");
}

static void build(void)
{
	bind("vol", "/vol");
	bind_ro("file", "/etc/file");
}

/* Auto means the very paths of the dump: the old side's volumes, also on the new side. */
static void check(void)
{
	expect_text("/vol/marker", "vol of the old side\n");
	expect_text("/etc/file", "file of the old side\n");
}

const struct zdtm_case zdtm_case = {
	.about = "mnt[] finds the sources by itself, and restores from the same host paths.",
	.dump = LIST("--external", "mnt[]"),
	.restore = LIST("--external", "mnt[]"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.differs = LIST("/vol: root:", "/etc/file: root:"),
};
