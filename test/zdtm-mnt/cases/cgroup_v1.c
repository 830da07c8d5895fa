// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* The host's: a hierarchy is the kernel's as long as somebody has it mounted. */
static void prepare(void)
{
	make_dir("src/hierarchy");
	make_dir("src/memory");
	if (mount("zdtm", "src/hierarchy", "cgroup", 0, "none,name=zdtm") ||
	    mount("cgroup", "src/memory", "cgroup", 0, "memory"))
		return;
}

static bool has_memory(void)
{
	return !mount("cgroup", "/sys/fs/cgroup/memory", "cgroup", MS_NOSUID, "memory");
}

static void build(void)
{
	if (access("hierarchy/cgroup.procs", F_OK))
		skip("this kernel has no cgroup version 1");
	mount_new("sysfs", "/sys", MS_NOSUID, NULL);
	mount_new("tmpfs", "/sys/fs/cgroup", 0, "size=1m,mode=755");
	mount_named("cgroup", "cgroup", "/sys/fs/cgroup/zdtm", MS_NOSUID | MS_NOEXEC,
		    "none,name=zdtm");
	bind("/sys/fs/cgroup/zdtm", "/again");
	attributes("/again", MOUNT_ATTR_RDONLY);
	make_dir("/sys/fs/cgroup/memory");
	if (has_memory())
		make_file("/sys/fs/cgroup/has-memory", "");
}

static void check(void)
{
	expect_type("/sys/fs/cgroup/zdtm", "cgroup");
	expect(!access("/sys/fs/cgroup/zdtm/cgroup.procs", F_OK), "no cgroup.procs");
	expect_flags("/again", ST_RDONLY | ST_RELATIME | ST_NOSUID | ST_NOEXEC);
	expect_one_superblock("/again", "/sys/fs/cgroup/zdtm");
	if (access("/sys/fs/cgroup/has-memory", F_OK))
		return;
	expect_type("/sys/fs/cgroup/memory", "cgroup");
	expect(!access("/sys/fs/cgroup/memory/memory.stat", F_OK), "no memory.stat");
}

const struct zdtm_case zdtm_case = {
	.about =
		"cgroup version 1: a named hierarchy and one of a controller, each the host's own.",
	.prepare = prepare,
	.build = build,
	.check = check,
};
