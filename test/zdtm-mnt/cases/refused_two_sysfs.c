// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sched.h>

#include "case.h"

static void build(void)
{
	mount_new("sysfs", "/hosts", 0, NULL);
	mount_new("mqueue", "/hidden", 0, NULL);
	mount_new("tmpfs", "/hidden", 0, NULL);
	expect(!unshare(CLONE_NEWNET | CLONE_NEWIPC), "cannot unshare");
	mount_new("sysfs", "/sys", 0, NULL);
	mount_new("mqueue", "/mqueue", 0, NULL);
}

static void check(void)
{
	expect_type("/hosts", "sysfs");
	expect_type("/sys", "sysfs");
}

const struct zdtm_case zdtm_case = {
	.about = "Of two sysfs or mqueue the host's, and one that is not seen, are not made again.",
	.build = build,
	.check = check,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("/hosts (mount",
		     "it is a sysfs of another net namespace than the other sysfs here: a restore "
		     "has one namespace for both; pass --external 'mnt[/hosts]:KEY'",
		     "/hidden (mount",
		     "it is a mqueue of another ipc namespace than the other mqueue here"),
	.flavours = FLAVOUR_HOST,
};
