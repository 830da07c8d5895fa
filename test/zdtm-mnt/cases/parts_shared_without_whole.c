// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* As systemd-nspawn has them with --private-network. */
static void build(void)
{
	mount_new("sysfs", "/sys/full", MS_NOSUID, NULL);
	propagation("/sys/full", MS_SHARED);
	bind("/sys/full/kernel", "/sys/kernel");
	bind("/sys/full/fs", "/sys/fs");
	bind("/sys/full/kernel", "/again");
	unmount("/sys/full");

	mount_new("tmpfs", "/whole", 0, NULL);
	propagation("/whole", MS_SHARED);
	make_dir("/whole/one");
	make_file("/whole/two", "two");
	bind("/whole/one", "/one");
	bind("/whole/two", "/two");
	expect(!rmdir("/whole/one") && !unlink("/whole/two"), "cannot delete the roots");
	unmount("/whole");
}

static void check(void)
{
	expect_type("/sys/kernel", "sysfs");
	expect_type("/sys/fs", "sysfs");
	expect_one_superblock("/one", "/two");
	expect_text("/two", "two");
	expect_propagation("/sys/kernel/debug", LIST("/again/debug"), LIST("/sys/fs"));
}

const struct zdtm_case zdtm_case = {
	.about = "Peers that show parts of a filesystem, which no mount shows whole.",
	.build = build,
	.check = check,
};
