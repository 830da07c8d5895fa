// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("data");
	volume("config");
	volume_file("hosts");
}

static void build(void)
{
	mount_new("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_new("tmpfs", "/dev", MS_NOSUID, "mode=755,size=64k");
	mount_new("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
		  "newinstance,ptmxmode=0666,mode=0620");
	mount_named("shm", "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		    "mode=1777,size=65536k");
	mount_new("mqueue", "/dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_new("sysfs", "/sys", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_new("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755");
	make_file("/run/app.pid", "1\n");
	bind("data", "/var/lib/app");
	bind_ro("config", "/etc/app");
	bind("hosts", "/etc/hosts");
}

static void settle(void)
{
	attributes("/", MOUNT_ATTR_RDONLY);
}

static void check(void)
{
	expect_type("/proc", "proc");
	expect_type("/dev/pts", "devpts");
	expect_type("/dev/mqueue", "mqueue");
	expect_type("/sys", "sysfs");
	expect_text("/run/app.pid", "1\n");
	expect_volume("/var/lib/app", "data");
	expect_volume("/etc/app", "config");
	expect_volume_file("/etc/hosts", "hosts");
	expect_readonly("/");
	expect_readonly("/etc/app");
	expect_writable("/var/lib/app");
	expect_writable("/dev/shm");
}

const struct zdtm_case zdtm_case = {
	.about = "What an ordinary container has, all of it in one namespace.",
	.dump = LIST("--external", "mnt[/var/lib/app]:data", "--external", "mnt[/etc/app]:config",
		     "--external", "mnt[/etc/hosts]:hosts"),
	.restore = LIST("--external", "mnt[data]:@SRC@/data", "--external",
			"mnt[config]:@SRC@/config", "--external", "mnt[hosts]:@SRC@/hosts"),
	.prepare = prepare,
	.build = build,
	.settle = settle,
	.check = check,
};
