// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	make_dir("src/debug");
	make_dir("src/trace");
	if (mount("none", "src/debug", "debugfs", 0, NULL) ||
	    mount("none", "src/trace", "tracefs", 0, NULL))
		return;
	make_file("src/mounted", "");
}

static void build(void)
{
	if (access("mounted", F_OK))
		skip("this kernel mounts no debugfs or tracefs");
	mount_new("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	bind_ro("debug", "/sys/kernel/debug");
	bind("trace", "/trace");
}

static void check(void)
{
	expect_type("/sys/kernel/debug", "debugfs");
	expect_flags("/sys/kernel/debug", ST_RDONLY | ST_RELATIME);
	expect_type("/trace", "tracefs");
}

const struct zdtm_case zdtm_case = {
	.about = "debugfs and tracefs of the host, bound into the container, are external.",
	.dump = LIST("--external", "mnt[/sys/kernel/debug]:debug", "--external",
		     "mnt[/trace]:trace"),
	.restore = LIST("--external", "mnt[debug]:@SRC@/debug", "--external",
			"mnt[trace]:@SRC@/trace"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
