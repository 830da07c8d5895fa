// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

static void build(void)
{
	mount_named("early", "tmpfs", "/a/b", 0, NULL);
	make_file("/a/b/file", "hidden below /a\n");
	mount_named("deep", "tmpfs", "/a/b/c/d", 0, NULL);
	make_file("/a/b/c/d/file", "hidden deeper\n");
	mount_named("late", "tmpfs", "/a", 0, NULL);
	make_file("/a/file", "late\n");
	make_dir("/a/b");
	bind("vol", "/a/b");
}

static void check(void)
{
	expect_text("/a/file", "late\n");
	expect_volume("/a/b", "vol");
	expect_absent("/a/b/file");
	expect_mounts("/a/b", 1);
}

const struct zdtm_case zdtm_case = {
	.about = "Siblings whose paths nest: /a/b first, then /a over it, then another /a/b.",
	.dump = LIST("--external", "mnt[/a/b]:vol"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
