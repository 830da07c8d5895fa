// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

#define DIRECTORIES 50
#define EACH	    19 /* and the tmpfs that they lie in */

static void build(void)
{
	char directory[32], path[64], target[64];

	for (int i = 0; i < DIRECTORIES; i++) {
		snprintf(directory, sizeof(directory), "/d/%d", i);
		mount_new("tmpfs", directory, i % 3 ? 0 : MS_NOSUID, "size=1m");
		snprintf(path, sizeof(path), "%s/source/file", directory);
		make_file(path, directory);
		snprintf(path, sizeof(path), "%s/source", directory);
		for (int j = 0; j < EACH; j++) {
			snprintf(target, sizeof(target), "%s/%d", directory, j);
			bind(path, target);
			if (j % 4 == 0)
				attributes(target, MOUNT_ATTR_RDONLY);
		}
	}
}

static void check(void)
{
	char directory[32], path[64];

	for (int i = 0; i < DIRECTORIES; i++) {
		snprintf(directory, sizeof(directory), "/d/%d", i);
		for (int j = 0; j < EACH; j++) {
			snprintf(path, sizeof(path), "%s/%d/file", directory, j);
			expect_text(path, directory);
		}
	}
}

const struct zdtm_case zdtm_case = {
	.about = "A thousand mounts in fifty directories.",
	.build = build,
	.check = check,
};
