// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sched.h>

#include "case.h"

static void build(void)
{
	if (unshare(CLONE_NEWCGROUP))
		skip("this kernel has no cgroup namespaces: %s", strerror(errno));
	mount_new("sysfs", "/sys", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_named("cgroup", "cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static void check(void)
{
	expect_type("/sys/fs/cgroup", "cgroup2");
	expect(!access("/sys/fs/cgroup/cgroup.procs", F_OK), "/sys/fs/cgroup is empty");
}

const struct zdtm_case zdtm_case = {
	.about = "A cgroup2 of a cgroup namespace is that of the new cgroup namespace.",
	.restore = LIST("--new-ns", "cgroup"),
	.build = build,
	.check = check,
	.flavours = FLAVOUR_HOST, /* the other one has a cgroup namespace always */
};
