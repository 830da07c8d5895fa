// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("devpts", "/sealed", MS_RDONLY,
		  "newinstance,ptmxmode=0666,mode=0620,gid=5,max=7");
	bind("/sealed", "/writable");
	allow("/writable", MOUNT_ATTR_RDONLY);
	mount_new("ramfs", "/ramfs", MS_RDONLY, "mode=0711");
	mount_new("mqueue", "/mqueue", MS_RDONLY, NULL);
	bind("/mqueue", "/mqueue-again");
}

static void check(void)
{
	expect_mode("/sealed/ptmx", S_IFCHR | 0666);
	expect_errno(chmod("/writable/ptmx", 0600), EROFS);
	expect_errno(mkdir("/mqueue-again/dir", 0700), EROFS);
	expect_mode("/ramfs", S_IFDIR | 0711);
}

const struct zdtm_case zdtm_case = {
	.about = "Read-only superblocks of devpts, ramfs and mqueue keep their options.",
	.build = build,
	.check = check,
};
