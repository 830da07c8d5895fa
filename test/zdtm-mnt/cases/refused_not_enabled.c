// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	make_dir("src/debug");
	make_dir("src/security");
	mount("debugfs", "src/debug", "debugfs", 0, NULL);
	mount("securityfs", "src/security", "securityfs", 0, NULL);
}

static void build(void)
{
	struct stat debug, security, own;

	expect(!stat(".", &own) && !stat("debug", &debug) && !stat("security", &security), "stat");
	if (debug.st_dev == own.st_dev || security.st_dev == own.st_dev)
		skip("this kernel has no debugfs or no securityfs");
	bind("debug", "/sys/debug");
	bind("security", "/sys/security");
}

const struct zdtm_case zdtm_case = {
	.about =
		"An image asks for debugfs in vain: the caller of the restore has to enable it, too.",
	.dump = LIST("--enable-fs", "debugfs,securityfs"),
	.restore = LIST("--enable-fs", "securityfs"),
	.prepare = prepare,
	.build = build,
	.refused = REFUSED_AT_RESTORE,
	.says = LIST("/sys/debug", "--enable-fs", "debugfs is only restored on request"),
};
