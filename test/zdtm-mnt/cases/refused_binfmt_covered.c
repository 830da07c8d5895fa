// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("binfmt_misc", "/formats", 0, NULL);
	mount_new("tmpfs", "/formats", 0, NULL);
}

const struct zdtm_case zdtm_case = {
	.about =
		"Whether formats are registered where nobody can look is not known: none is lost unsaid.",
	.build = build,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("/formats", "cannot be seen", "--external 'mnt[#"),
	.flavours = FLAVOUR_USERNS, /* the other one's are the host's */
};
