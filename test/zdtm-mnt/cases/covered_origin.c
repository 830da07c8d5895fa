// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_named("origin", "tmpfs", "/run", 0, "size=1m");
	make_file("/run/app/file", "of the covered tmpfs\n");
	bind("/run/app", "/app");
	mount_named("cover", "tmpfs", "/run", 0, "size=2m");
	make_file("/run/file", "of the cover\n");
}

static void check(void)
{
	expect_text("/app/file", "of the covered tmpfs\n");
	expect_text("/run/file", "of the cover\n");
	expect_absent("/run/app");
	expect_mounts("/run", 2);
}

const struct zdtm_case zdtm_case = {
	.about = "A bind whose origin was covered later is still of the covered tmpfs.",
	.build = build,
	.check = check,
};
