// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("hugetlbfs", "/huge", 0, "pagesize=2M");
	make_node("/huge/pages", S_IFREG | 0600, 0, 0);
	expect(!truncate("/huge/pages", 2 << 20), "truncate: %s", strerror(errno));
}

const struct zdtm_case zdtm_case = {
	.about =
		"Files of huge pages are not kept: they cannot be written, and nothing is lost unsaid.",
	.build = build,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("/huge", "2097152 bytes", "external"),
	.flavours = FLAVOUR_HOST, /* a user namespace may not mount it */
};
