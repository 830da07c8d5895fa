// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	make_dir("/dir/sub/point");
	bind("/dir", "/part");
	mount_new("tmpfs", "/part/sub/point", 0, "size=1m");
	/* It stays mounted, on a directory that /part does not show any more. */
	make_dir("/elsewhere");
	expect(!rename("/dir/sub", "/elsewhere/sub"), "rename: %s", strerror(errno));
}

const struct zdtm_case zdtm_case = {
	.about = "A mount that a rename has put out of everybody's reach is not lost unsaid.",
	.build = build,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("/part (mount", "no path leads there", "--skip-mnt '/part'"),
	.reader = "statmount", /* the text has no line for it */
};
