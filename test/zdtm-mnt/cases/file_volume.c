// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume_file("hosts");
	volume_file("key");
}

static void build(void)
{
	make_file("/etc/hosts", "what the root itself has\n");
	bind("hosts", "/etc/hosts");
	bind_ro("key", "/run/key");
}

static void check(void)
{
	expect_volume_file("/etc/hosts", "hosts");
	expect_volume_file("/run/key", "key");
	expect_mode("/etc/hosts", S_IFREG | 0644);
	expect_errno(open("/run/key", O_WRONLY), EROFS);
}

const struct zdtm_case zdtm_case = {
	.about = "External files are bound as files, onto files, with the source's text.",
	.dump = LIST("--external", "mnt[/etc/hosts]:hosts", "--external", "mnt[/run/key]:key"),
	.restore = LIST("--external", "mnt[hosts]:@SRC@/hosts", "--external", "mnt[key]:@SRC@/key"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
