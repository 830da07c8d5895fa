// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	make_file("/top/file", "top\n");
	make_file("/bottom/kept", "bottom\n");
	make_dir("/merged");
	make_dir("/other");
	mount_named("overlay", "overlay", "/merged", 0, "lowerdir=/top:/bottom");
	mount_named("overlay", "overlay", "/other", 0, "lowerdir=/bottom:/top");
	mount_new("tmpfs", "/bottom", 0, NULL);
}

const struct zdtm_case zdtm_case = {
	.about =
		"An overlay whose layer was mounted over since is refused: its path leads elsewhere.",
	.build = build,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("/merged", "files that none of its layers has", "/other",
		     "its overlay layer '/bottom' was another directory"),
};
