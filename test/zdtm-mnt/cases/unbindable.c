// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/t", 0, NULL);
	make_file("/t/file", "contents of an unbindable mount\n");
	make_dir("/bound");
	propagation("/t", MS_UNBINDABLE);
}

static void check(void)
{
	expect_text("/t/file", "contents of an unbindable mount\n");
	expect_errno(mount("/t", "/bound", NULL, MS_BIND, NULL), EINVAL);
}

const struct zdtm_case zdtm_case = {
	.about = "An unbindable tmpfs has its contents, and cannot be bound.",
	.build = build,
	.check = check,
};
