// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	make_dir("src/vol/below");
	bind("src/vol", "src/vol");
	propagation("src/vol", MS_SHARED);
}

static void build(void)
{
	bind("vol", "/vol");
	propagation("/vol", MS_SLAVE);
}

static void check(void)
{
	expect_volume("/vol", "vol");
	mount_new("tmpfs", "/vol/below", 0, NULL);
	unmount("/vol/below");
}

const struct zdtm_case zdtm_case = {
	.about = "An rslave volume is a slave of the host's mount again.",
	.dump = LIST("--external", "mnt[/vol]:vol"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
