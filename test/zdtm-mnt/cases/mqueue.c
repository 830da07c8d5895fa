// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/dev", 0, "mode=755");
	mount_new("mqueue", "/dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static void check(void)
{
	expect_type("/dev/mqueue", "mqueue");
	expect_flags("/dev/mqueue", ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_RELATIME);
	expect_mode("/dev/mqueue", S_IFDIR | 01777);
}

const struct zdtm_case zdtm_case = {
	.about = "A message queue filesystem is mounted again.",
	.build = build,
	.check = check,
};
