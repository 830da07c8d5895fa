// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	char path[64];

	mount_new("tmpfs", "/t", 0, NULL);
	for (int i = 0; i < 3000; i++) {
		snprintf(path, sizeof(path), "/t/%d/%d/a-file-with-a-name-%d", i % 7, i % 50, i);
		make_file(path, path);
	}
}

static void check(void)
{
	expect_text("/t/6/20/a-file-with-a-name-2470", "/t/6/20/a-file-with-a-name-2470");
}

const struct zdtm_case zdtm_case = {
	.about = "Three thousand small files in a tmpfs.",
	.build = build,
	.check = check,
};
