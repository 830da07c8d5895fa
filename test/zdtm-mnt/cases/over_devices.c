// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume_file("file");
}

static void build(void)
{
	make_file("/etc/own", "own\n");
	make_node("/etc/device", S_IFCHR | 0666, 1, 3);
	bind("/etc/own", "/etc/device");
	mount_new("tmpfs", "/dev", MS_NOSUID, "mode=755");
	make_node("/dev/zero", S_IFCHR | 0666, 1, 5);
	make_node("/dev/full", S_IFCHR | 0666, 1, 7);
	bind("file", "/dev/zero");
	bind_host("/dev/null", "/dev/full");
	/* A device of the container's own over a file. */
	make_node("/dev/random", S_IFCHR | 0666, 1, 8);
	bind("/dev/random", "/etc/random");
}

static void check(void)
{
	expect_text("/etc/device", "own\n");
	expect_volume_file("/dev/zero", "file");
	expect_text("/dev/full", "");
	expect_mode("/etc/random", S_IFCHR | 0666);
}

const struct zdtm_case zdtm_case = {
	.about = "Files and devices are mounted over device nodes, and a device over a file.",
	.dump = LIST("--external", "mnt[/dev/zero]:file"),
	.restore = LIST("--external", "mnt[file]:@SRC@/file"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.flavours = FLAVOUR_HOST, /* who makes nodes */
};
