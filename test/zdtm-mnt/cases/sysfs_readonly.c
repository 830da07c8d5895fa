// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("sysfs", "/sys", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_new("tmpfs", "/sys/firmware", MS_RDONLY, "size=0k");
}

static void check(void)
{
	expect_type("/sys", "sysfs");
	expect_flags("/sys", ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_RELATIME);
	expect(!access("/sys/kernel", X_OK), "/sys is empty");
	expect_type("/sys/firmware", "tmpfs");
}

const struct zdtm_case zdtm_case = {
	.about = "A read-only /sys with a masked directory.",
	.build = build,
	.check = check,
};
