// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

#define DEPTH 20

static void build(void)
{
	char path[DEPTH * 8] = "", file[DEPTH * 8 + 8];

	for (int i = 0; i < DEPTH; i++) {
		snprintf(path + strlen(path), 8, "/d%d", i);
		mount_new("tmpfs", path, 0, "size=64k");
		snprintf(file, sizeof(file), "%s/file", path);
		make_file(file, path);
	}
}

static void check(void)
{
	char path[DEPTH * 8] = "", file[DEPTH * 8 + 8];

	for (int i = 0; i < DEPTH; i++) {
		snprintf(path + strlen(path), 8, "/d%d", i);
		snprintf(file, sizeof(file), "%s/file", path);
		expect_text(file, path);
	}
}

const struct zdtm_case zdtm_case = {
	.about = "Twenty tmpfs mounts, each inside the one before.",
	.build = build,
	.check = check,
};
