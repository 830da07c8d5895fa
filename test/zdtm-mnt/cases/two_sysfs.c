// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sched.h>

#include "case.h"

/* As below the root of a container that systemd-nspawn has moved over the host's. */
static void build(void)
{
	mount_new("sysfs", "/hosts", 0, NULL);
	expect(!unshare(CLONE_NEWNET), "cannot unshare the network");
	mount_new("sysfs", "/sys", 0, NULL);
}

static void check(void)
{
	expect_type("/hosts", "sysfs");
	expect_type("/sys", "sysfs");
}

const struct zdtm_case zdtm_case = {
	.about = "A sysfs of the host beside one of a network namespace is an external mount.",
	.build = build,
	.check = check,
	.dump = LIST("--external", "mnt[/hosts]:hosts"),
	.restore = LIST("--external", "mnt[hosts]:/sys", "--new-ns", "net"),
	.flavours = FLAVOUR_HOST,
};
