// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	make_file("/etc/os", "of the root\n");
}

static void check(void)
{
	expect_text("/etc/os", "of the root\n");
}

const struct zdtm_case zdtm_case = {
	.about = "A namespace of nothing but its root.",
	.build = build,
	.check = check,
};
