// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_named("formats", "binfmt_misc", "/proc/sys/fs/binfmt_misc", MS_NOSUID, NULL);
}

static void check(void)
{
	expect_type("/proc/sys/fs/binfmt_misc", "binfmt_misc");
	expect_mode("/proc/sys/fs/binfmt_misc/register", S_IFREG | 0200);
	expect_flags("/proc/sys/fs/binfmt_misc", ST_NOSUID | ST_RELATIME);
}

const struct zdtm_case zdtm_case = {
	.about = "binfmt_misc, the host's or one of the user namespace's own, is mounted again.",
	.build = build,
	.check = check,
};
