// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

#define COUNT 150

static void describe(void)
{
	for (int i = 0; i < COUNT; i++) {
		dump_option("--external");
		dump_option("mnt[/vol/%d]:v%d", i, i);
		restore_option("--external");
		restore_option("mnt[v%d]:@SRC@/vol%d", i, i % 3);
	}
}

static void prepare(void)
{
	volume("vol0");
	volume("vol1");
	volume("vol2");
}

static void build(void)
{
	char path[32], directory[32];

	mount_new("tmpfs", "/run", 0, NULL);
	for (int i = 0; i < COUNT; i++) {
		snprintf(path, sizeof(path), "vol%d", i % 3);
		snprintf(directory, sizeof(directory), "/vol/%d", i);
		bind(path, directory);
		if (i % 2)
			attributes(directory, MOUNT_ATTR_RDONLY);
		snprintf(path, sizeof(path), "/run/%d/file", i);
		make_file(path, path);
		snprintf(path, sizeof(path), "/run/%d", i);
		snprintf(directory, sizeof(directory), "/bind/%d", i);
		bind(path, directory);
	}
}

static void check(void)
{
	char name[32], path[32], text[32];

	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "vol%d", i % 3);
		snprintf(path, sizeof(path), "/vol/%d", i);
		expect_volume(path, name);
		expect_flags(path, ST_RELATIME | (i % 2 ? ST_RDONLY : 0));
		snprintf(path, sizeof(path), "/bind/%d/file", i);
		snprintf(text, sizeof(text), "/run/%d/file", i);
		expect_text(path, text);
	}
}

const struct zdtm_case zdtm_case = {
	.about = "Three hundred binds: half external, every other read-only, half of one tmpfs.",
	.describe = describe,
	.prepare = prepare,
	.build = build,
	.check = check,
};
