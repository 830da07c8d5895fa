// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("sysfs", "/sys", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_named("cgroup", "cgroup2", "/sys/fs/cgroup",
		    MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static void check(void)
{
	expect_type("/sys/fs/cgroup", "cgroup2");
	expect(!access("/sys/fs/cgroup/cgroup.procs", F_OK), "/sys/fs/cgroup is empty");
	expect_flags("/sys/fs/cgroup", ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_RELATIME);
}

const struct zdtm_case zdtm_case = {
	.about = "A read-only cgroup2 inside /sys is mounted again.",
	.build = build,
	.check = check,
};
