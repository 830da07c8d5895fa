// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/t", 0, NULL);
	propagation("/t", MS_SHARED);
	mount_new("tmpfs", "/t/in", 0, NULL);
}

static void settle(void)
{
	mount_new("tmpfs", "/", 0, "size=1m");
}

const struct zdtm_case zdtm_case = {
	.about =
		"A shared tmpfs below a cover of the root is refused: to uncover a copy would uncover the original.",
	.build = build,
	.settle = settle,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("'/t' is shared and lies below what covers the root"),
};
