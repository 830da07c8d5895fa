// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* The kernel says redirect_dir=on of such an overlay, and does not take that from a user namespace.
 */
static void build(void)
{
	make_file("/layers/one/file", "one\n");
	make_file("/layers/two/file", "two\n");
	make_file("/layers/two/other", "two\n");
	mount_new("overlay", "/merged", 0, "lowerdir=/layers/one:/layers/two");
}

static void check(void)
{
	expect_text("/merged/file", "one\n");
	expect_text("/merged/other", "two\n");
	expect_readonly("/merged");
}

const struct zdtm_case zdtm_case = {
	.about = "An overlay without an upper layer.",
	.build = build,
	.check = check,
};
