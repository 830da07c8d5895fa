// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

static void build(void)
{
	bind("vol", "/vol");
}

static void alter(void)
{
	expect(!rmdir("root/vol"), "rmdir: %s", strerror(errno));
	make_link("root/vol", "etc");
}

const struct zdtm_case zdtm_case = {
	.about = "A mountpoint that is itself a symlink is refused.",
	.dump = LIST("--external", "mnt[/vol]:vol"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.alter = alter,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("/vol"),
};
