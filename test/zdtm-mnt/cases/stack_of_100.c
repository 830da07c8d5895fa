// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

#define HEIGHT 100

static void build(void)
{
	char text[16];

	for (int i = 0; i < HEIGHT; i++) {
		snprintf(text, sizeof(text), "%d", i);
		mount_new("tmpfs", "/stack", i % 2 ? MS_NOEXEC : 0, "size=64k");
		make_file("/stack/file", text);
	}
}

static void check(void)
{
	expect_text("/stack/file", "99");
	expect_mounts("/stack", HEIGHT);
}

const struct zdtm_case zdtm_case = {
	.about = "A hundred tmpfs on top of each other, each with its file.",
	.build = build,
	.check = check,
};
