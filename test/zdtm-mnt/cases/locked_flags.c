// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* Restricted by the host before the user namespace has its copy: locked there. */
static void prepare(void)
{
	volume("vol");
	bind("src/vol", "src/vol");
	attributes("src/vol", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				      MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOATIME);
	volume("free");
}

static void build(void)
{
	struct mount_attr rw = { .attr_clr = MOUNT_ATTR_RDONLY };

	bind("vol", "/vol");
	expect_errno(mount_setattr(AT_FDCWD, "/vol", 0, &rw, sizeof(rw)), EPERM);
	bind("free", "/free");
	attributes("/free", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV);
	mount_new("tmpfs", "/tmp", MS_NOATIME, "size=1m");
}

static void check(void)
{
	expect_volume("/vol", "vol");
	expect_flags("/vol", ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_NOATIME);
	expect_readonly("/vol");
	expect_flags("/free", ST_RDONLY | ST_NODEV | ST_RELATIME);
	expect_flags("/tmp", ST_NOATIME);
}

const struct zdtm_case zdtm_case = {
	.about = "Flags that are locked in a user namespace are there again.",
	.dump = LIST("--external", "mnt[/vol]:vol", "--external", "mnt[/free]:free"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol", "--external", "mnt[free]:@SRC@/free"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.flavours = FLAVOUR_USERNS, /* elsewhere nothing is locked */
};
