// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	mount_new("tmpfs", "src/vol/sub", 0, NULL);
	volume("vol/sub");
}

static void build(void)
{
	make_dir("/vol");
	expect(!mount("vol", "/vol", NULL, MS_BIND | MS_REC, NULL), "rbind: %s", strerror(errno));
}

static void check(void)
{
	expect_volume("/vol", "vol");
	expect_volume("/vol/sub", "vol/sub");
	expect_type("/vol/sub", "tmpfs");
}

const struct zdtm_case zdtm_case = {
	.about = "The submounts of an rbind volume come along from its new source.",
	.dump = LIST("--external", "mnt[/vol]:vol"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
