// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/t", 0, NULL);
	make_file("/t/sub/file", "hidden and gone\n");
	make_dir("/t/sub/dir");
	expect(!chmod("/t/sub/dir", 0705), "chmod: %s", strerror(errno));
	bind("/t/sub", "/part");
	bind("/part/file", "/below/file");
	bind("/part/dir", "/below/dir");
	expect(!unlink("/part/file") && !rmdir("/part/dir"), "unlink: %s", strerror(errno));
	mount_new("tmpfs", "/below", 0, NULL);
}

static void below(void)
{
	expect_text("/below/file", "hidden and gone\n");
	expect_mode("/below/dir", S_IFDIR | 0705);
}

static void check(void)
{
	expect_absent("/below/file");
	without("/below", below);
	expect_absent("/t/sub/file");
}

const struct zdtm_case zdtm_case = {
	.about = "Deleted roots below a cover, deleted through a bind of a part of their tmpfs.",
	.build = build,
	.check = check,
};
