// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("proc", "/proc", 0, NULL);
	mount_new("tmpfs", "/tmp", 0, "size=1m");
}

static void settle(void)
{
	map_ids("/tmp", 70000);
}

const struct zdtm_case zdtm_case = {
	.about = "An id-mapped mount is refused where the kernel does not tell its maps.",
	.build = build,
	.settle = settle,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("/tmp", "id-mapped"),
	.flavours = FLAVOUR_HOST,
	.reader = "mountinfo", /* whose text has no maps */
};
