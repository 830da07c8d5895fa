// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("dir");
	if (on_new_side())
		return;
	mount_new("tmpfs", "src/dir/sub", 0, "size=64k");
}

static void build(void)
{
	make_dir("/dir");
	expect(!mount("dir", "/dir", NULL, MS_BIND | MS_REC, NULL), "rbind: %s", strerror(errno));
}

const struct zdtm_case zdtm_case = {
	.about = "A descriptor below which a submount has no place is refused, with what helps.",
	.dump = LIST("--external", "mnt[/dir]:dir"),
	.restore = LIST("--inherit-fd", "fd[7]:mnt[dir]"),
	.inherit = LIST("7=@SRC@/dir"),
	.prepare = prepare,
	.build = build,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("/dir/sub", "no 'sub' below descriptor 7", "a key of its own"),
};
