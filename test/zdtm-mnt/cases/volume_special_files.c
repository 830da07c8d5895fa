// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static const char *const types[] = { "fifo", "socket", "device", "disk", "file" };

/* What stands over a fifo, a socket and a file, from below. */
static const char *const stack[] = { "device", "fifo", "file" };

static void describe(void)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		dump_option("--external");
		dump_option("mnt[/e/%s]:%s", types[i], types[i]);
		restore_option("--external");
		restore_option("mnt[%s]:@SRC@/%s", types[i], types[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		dump_option("--external");
		dump_option("mnt[#@ID:/e/target#%zu@]:%zu", 2 - i, i);
		restore_option("--external");
		restore_option("mnt[%zu]:@SRC@/%s", i, stack[i]);
	}
}

static void prepare(void)
{
	make_dir("src");
	make_node("src/fifo", S_IFIFO | 0600, 0, 0);
	make_node("src/socket", S_IFSOCK | 0600, 0, 0);
	make_node("src/device", S_IFCHR | 0666, 1, 3);
	make_node("src/disk", S_IFBLK | 0600, 7, 99);
	volume_file("file");
}

static void build(void)
{
	make_node("/e/fifo", S_IFSOCK | 0600, 0, 0);
	make_node("/e/socket", S_IFIFO | 0600, 0, 0);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		char path[64];

		snprintf(path, sizeof(path), "/e/%s", types[i]);
		bind(types[i], path);
	}
	make_file("/e/target", "underneath\n");
	for (size_t i = 0; i < 3; i++)
		bind(stack[i], "/e/target");
	attributes("/e/target", MOUNT_ATTR_RDONLY);
}

static void check(void)
{
	expect_mode("/e/fifo", S_IFIFO | 0600);
	expect_mode("/e/socket", S_IFSOCK | 0600);
	expect_mode("/e/device", S_IFCHR | 0666);
	expect_mode("/e/disk", S_IFBLK | 0600);
	expect_volume_file("/e/target", "file");
	expect_mounts("/e/target", 3);
}

const struct zdtm_case zdtm_case = {
	.about =
		"A fifo, a socket and devices are external, one over the other, and over their like.",
	.describe = describe,
	.prepare = prepare,
	.build = build,
	.check = check,
	.flavours = FLAVOUR_HOST, /* makes device nodes */
};
