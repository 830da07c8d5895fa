// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("proc", "/proc", MS_NOSUID, "hidepid=2,gid=7");
	mount_new("proc", "/pids", 0, "subset=pid");
	mount_new("proc", "/mine", MS_RDONLY, "hidepid=ptraceable,subset=pid,gid=9");
	mount_new("proc", "/hidden", MS_RDONLY, "hidepid=noaccess");
	bind("/hidden", "/hidden-again");
	bind("/proc/sys/kernel", "/kernel");
}

static void check(void)
{
	expect(!access("/proc/meminfo", F_OK), "/proc is empty");
	expect_absent("/pids/meminfo");
	expect_absent("/mine/meminfo");
	expect(!access("/hidden/meminfo", F_OK), "/hidden is empty");
	expect_errno(open("/hidden/sys/kernel/hostname", O_WRONLY), EROFS);
	expect(!access("/kernel/hostname", F_OK), "/kernel is empty");
	expect_one_superblock("/hidden", "/hidden-again");
}

const struct zdtm_case zdtm_case = {
	.about = "Instances of proc with hidepid, gid and subset, each its own.",
	.build = build,
	.check = check,
};
