// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/t", 0, NULL);
	make_file("/t/file", "below the cover\n");
}

static void settle(void)
{
	mount_new("tmpfs", "/", 0, "size=1m");
}

/* Who enters the namespace now stands on the cover. */
static void check(void)
{
	expect_type("/", "tmpfs");
	expect_absent("/t");
}

const struct zdtm_case zdtm_case = {
	.about = "A tmpfs over the root itself.",
	.build = build,
	.settle = settle,
	.check = check,
};
