// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

static void build(void)
{
	bind("vol", "/srv/vol");
}

/* /srv of the new root leads to a directory that has a `vol`, too. */
static void alter(void)
{
	expect(!rmdir("root/srv/vol") && !rmdir("root/srv"), "rmdir: %s", strerror(errno));
	make_dir("root/elsewhere/vol");
	make_link("root/srv", "elsewhere");
}

const struct zdtm_case zdtm_case = {
	.about = "A symlink on the way to a mountpoint is refused, also with --create-mountpoints.",
	.dump = LIST("--external", "mnt[/srv/vol]:vol"),
	.restore = LIST("--create-mountpoints", "--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.alter = alter,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("/srv/vol"),
};
