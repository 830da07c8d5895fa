// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/run", 0, "mode=755");
	make_file("/run/app/state", "state\n");
	make_file("/run/id", "0123\n");
	bind("/run/app", "/var/app");
	bind_ro("/run/app", "/var/app-ro");
	bind("/run/id", "/etc/machine-id");
	bind("/var/app", "/run/self");
}

static void check(void)
{
	expect_text("/var/app/state", "state\n");
	expect_text("/etc/machine-id", "0123\n");
	expect_one_superblock("/run", "/var/app");
	expect_one_superblock("/run/app/state", "/run/self/state");
	expect_readonly("/var/app-ro");
	expect_writable("/var/app");
}

const struct zdtm_case zdtm_case = {
	.about = "Directories and a file of a tmpfs bound elsewhere are of that tmpfs again.",
	.build = build,
	.check = check,
};
