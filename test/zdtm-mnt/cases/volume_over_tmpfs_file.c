// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume_file("file");
}

static void build(void)
{
	mount_new("tmpfs", "/run", 0, NULL);
	make_file("/run/secret", "what the tmpfs has\n");
	bind_ro("file", "/run/secret");
}

static void see_below(void)
{
	expect_text("/run/secret", "what the tmpfs has\n");
}

static void check(void)
{
	expect_volume_file("/run/secret", "file");
	expect_errno(open("/run/secret", O_WRONLY), EROFS);
	without("/run/secret", see_below);
}

const struct zdtm_case zdtm_case = {
	.about = "An external file over a file of a tmpfs, which keeps its text.",
	.dump = LIST("--external", "mnt[/run/secret]:file"),
	.restore = LIST("--external", "mnt[file]:@SRC@/file"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
