// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* Released by the kernel when the last mount goes. */
static void prepare(void)
{
	make_dir("src/btrfs");
	make_dir("src/xfs");
	if (system("truncate -s 128M btrfs.img && mkfs.btrfs -q btrfs.img >/dev/null && "
		   "mount -o loop btrfs.img src/btrfs && "
		   "btrfs -q subvolume create src/btrfs/part") ||
	    system("truncate -s 48M xfs.img && mkfs.xfs -q --unsupported xfs.img 2>/dev/null && "
		   "mount -o loop xfs.img src/xfs"))
		return;
	volume("btrfs");
	volume("btrfs/part");
	make_dir("src/btrfs/part/below");
	volume("xfs");
}

static void build(void)
{
	if (access("btrfs/marker", F_OK) || access("xfs/marker", F_OK))
		skip("no btrfs or no xfs on a loop device here");
	bind("btrfs", "/whole");
	bind("btrfs/part", "/part");
	bind("/part/below", "/below");
	attributes("/part", MOUNT_ATTR_RDONLY);
	bind("xfs", "/xfs");
	bind("/xfs/marker", "/etc/marker");
}

static void check(void)
{
	struct stat whole, part;

	expect(!stat("/whole", &whole) && !stat("/part", &part) && whole.st_dev != part.st_dev,
	       "a subvolume is no other device");
	expect_type("/whole", "btrfs");
	expect_volume("/whole", "btrfs");
	expect_volume("/part", "btrfs/part");
	expect_readonly("/part");
	expect_writable("/below");
	expect_type("/xfs", "xfs");
	expect_volume_file("/etc/marker", "xfs");
}

const struct zdtm_case zdtm_case = {
	.about = "A btrfs, whose subvolumes tell other devices than the mount table, and an xfs.",
	.dump = LIST("--external", "mnt[/whole]:whole", "--external", "mnt[/part]:part",
		     "--external", "mnt[/xfs]:xfs"),
	.restore = LIST("--external", "mnt[whole]:@SRC@/btrfs", "--external",
			"mnt[part]:@SRC@/btrfs/part", "--external", "mnt[xfs]:@SRC@/xfs"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
