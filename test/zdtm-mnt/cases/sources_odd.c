// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* As long as mount(2) takes them; comma, blank and backslash among the bytes. */
static const char *long_name(size_t size)
{
	static char name[4096];

	for (size_t i = 0; i < size; i++)
		name[i] = "a,b \\c\td#="[i % 10];
	name[size] = '\0';
	return name;
}

static void build(void)
{
	static const char *const types[] = { "tmpfs",  "ramfs",	 "proc",   "sysfs",
					     "mqueue", "devpts", "cgroup2" };
	char path[64];

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		snprintf(path, sizeof(path), "/empty/%s", types[i]);
		mount_named("", types[i], path, 0, NULL);
		snprintf(path, sizeof(path), "/long/%s", types[i]);
		mount_named(long_name(4095), types[i], path, MS_NOSUID, NULL);
	}
	mount_named(long_name(256), "tmpfs", "/256", 0, "size=64k,mode=700,uid=3,gid=4");
	mount_named(long_name(255), "tmpfs", "/255", MS_RDONLY | MS_SYNCHRONOUS, "size=64k");
	mount_named("none", "tmpfs", "/none", 0, "size=64k");
	make_file("/256/file", "text");
	bind("/256", "/bind");
	make_dir("/256/sub");
	bind("/256/sub", "/part");
}

static void check(void)
{
	expect_text("/bind/file", "text");
	expect_mode("/256", S_IFDIR | 0700);
	expect_one_superblock("/256", "/part");
}

const struct zdtm_case zdtm_case = {
	.about =
		"The name of a mount's source comes back if it is empty, and as long as it may be.",
	.build = build,
	.check = check,
};
