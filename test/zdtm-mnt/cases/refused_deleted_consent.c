// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	make_dir("/gone");
	bind("/gone", "/dir");
	expect(!rmdir("/gone"), "rmdir: %s", strerror(errno));
}

static void check(void)
{
	expect_errno(mkdir("/dir/x", 0700), ENOENT);
}

const struct zdtm_case zdtm_case = {
	.about =
		"What was deleted in the root's filesystem is made there with the caller's word only.",
	.build = build,
	.check = check,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("/dir", "had been deleted", "--create-mountpoints"),
};
