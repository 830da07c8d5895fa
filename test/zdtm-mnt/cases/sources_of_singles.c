// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_named("one", "sysfs", "/sys", 0, NULL);
	mount_named("two", "sysfs", "/other/sys", MS_RDONLY, NULL);
	mount_named("", "sysfs", "/third/sys", 0, NULL);
	bind("/other/sys/kernel", "/kernel");
	mount_named("first name", "mqueue", "/mq", 0, NULL);
	mount_named("second", "mqueue", "/mq2", 0, NULL);
	bind("/mq", "/mq3");
	mount_named("a", "cgroup2", "/cg", 0, NULL);
	mount_named("b", "cgroup2", "/cg2", 0, NULL);
	mount_named("c", "cgroup2", "/cg3", MS_NOEXEC, NULL);
	propagation("/cg2", MS_SHARED);
	bind("/cg2", "/cg4");
}

static void check(void)
{
	expect_type("/sys", "sysfs");
	expect_one_superblock("/sys", "/third/sys");
	expect_one_superblock("/mq", "/mq3");
	expect_one_superblock("/cg", "/cg4");
}

const struct zdtm_case zdtm_case = {
	.about = "One sysfs, mqueue, cgroup2 that is mounted under several names has them again.",
	.build = build,
	.check = check,
};
