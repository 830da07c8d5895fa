// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* Released by the kernel when the last mount goes. */
static void prepare(void)
{
	make_dir("src/disk");
	if (system("truncate -s 4M disk.img && mkfs.ext4 -q disk.img && "
		   "mount -o loop disk.img src/disk") != 0)
		return;
	volume("disk");
	make_dir("src/disk/sub");
}

static void build(void)
{
	if (access("disk/marker", F_OK))
		skip("no ext4 on a loop device here");
	bind("disk", "/disk");
	bind_ro("disk/sub", "/sub");
	bind("/disk/marker", "/etc/marker");
}

static void check(void)
{
	expect_type("/disk", "ext4");
	expect_volume("/disk", "disk");
	expect_volume_file("/etc/marker", "disk");
	expect_one_superblock("/disk", "/sub");
	expect_writable("/disk");
	expect_readonly("/sub");
}

const struct zdtm_case zdtm_case = {
	.about = "An ext4 on a loop device is external, whole, in part, and bound again.",
	.dump = LIST("--external", "mnt[/disk]:disk", "--external", "mnt[/sub]:sub"),
	.restore =
		LIST("--external", "mnt[disk]:@SRC@/disk", "--external", "mnt[sub]:@SRC@/disk/sub"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
