// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume_file("file");
}

static void build(void)
{
	make_file("/etc/own", "own\n");
	make_file("/etc/target", "underneath\n");
	make_node("/etc/fifo", S_IFIFO | 0640, 0, 0);
	make_node("/etc/socket", S_IFSOCK | 0600, 0, 0);
	bind("file", "/etc/fifo");
	bind("/etc/own", "/etc/socket");
	mount_new("tmpfs", "/run", 0, NULL);
	make_node("/run/fifo", S_IFIFO | 0604, 0, 0);
	make_node("/run/other", S_IFIFO | 0644, 0, 0);
	make_node("/run/pipe", S_IFIFO | 0606, 0, 0);
	bind("/etc/own", "/run/fifo");
	bind("file", "/run/other");
	/* The other way round: what was a file is a fifo. */
	bind("/run/pipe", "/etc/target");
	bind("/run/pipe", "/etc/pipe");
}

static void check(void)
{
	expect_volume_file("/etc/fifo", "file");
	expect_text("/etc/socket", "own\n");
	expect_text("/run/fifo", "own\n");
	expect_volume_file("/run/other", "file");
	expect_mode("/etc/target", S_IFIFO | 0606);
	expect_mode("/etc/pipe", S_IFIFO | 0606);
	expect_one_superblock("/run", "/etc/target");
}

const struct zdtm_case zdtm_case = {
	.about = "Files are mounted over a fifo and a socket, and a fifo over a file.",
	.dump = LIST("--external", "mnt[/etc/fifo]:1", "--external", "mnt[/run/other]:2"),
	.restore = LIST("--external", "mnt[1]:@SRC@/file", "--external", "mnt[2]:@SRC@/file"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
