// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* What runc makes read-only and masks, as far as every kernel has it. */
static const char *const readonly[] = { "/proc/sys", "/proc/irq", "/proc/fs", "/proc/interrupts" };
static const char *const masked[] = { "/proc/keys", "/proc/timer_list", "/proc/kallsyms" };

static void build(void)
{
	mount_new("tmpfs", "/dev", MS_NOSUID, "mode=755,size=64k");
	make_node("/dev/null", S_IFCHR | 0666, 1, 3);
	mount_new("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	for (size_t i = 0; i < sizeof(readonly) / sizeof(readonly[0]); i++)
		if (!access(readonly[i], F_OK)) {
			bind(readonly[i], readonly[i]);
			attributes(readonly[i], MOUNT_ATTR_RDONLY);
		}
	for (size_t i = 0; i < sizeof(masked) / sizeof(masked[0]); i++)
		if (!access(masked[i], F_OK))
			bind("/dev/null", masked[i]);
	mount_new("tmpfs", "/proc/tty", MS_RDONLY, "size=0k");
}

static void check(void)
{
	expect_type("/proc", "proc");
	expect_type("/proc/sys/kernel", "proc");
	expect_flags("/proc", ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_RELATIME);
	expect_errno(open("/proc/sys/kernel/hostname", O_WRONLY), EROFS);
	for (size_t i = 0; i < sizeof(masked) / sizeof(masked[0]); i++)
		if (!access(masked[i], F_OK)) {
			expect_text(masked[i], "");
			expect_mode(masked[i], S_IFCHR | 0666);
		}
	expect_type("/proc/tty", "tmpfs");
	expect_absent("/proc/tty/drivers");
	expect_readonly("/proc/tty");
	expect(!access("/proc/uptime", R_OK), "/proc is empty");
}

const struct zdtm_case zdtm_case = {
	.about = "A /proc with read-only and masked paths, as runc makes it.",
	.build = build,
	.check = check,
	.flavours = FLAVOUR_HOST, /* makes device nodes */
};
