// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
	/* The new side's source is a read-only mount of the caller's. */
	if (!on_new_side())
		return;
	bind("src/vol", "src/vol");
	attributes("src/vol", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC);
}

static void build(void)
{
	bind("vol", "/vol");
	attributes("/vol", MOUNT_ATTR_NOSUID);
}

static void check(void)
{
	expect_volume("/vol", "vol");
	if (!on_new_side())
		return;
	expect_readonly("/vol");
	expect_flags("/vol", ST_RDONLY | ST_NOSUID | ST_NOEXEC | ST_RELATIME);
}

const struct zdtm_case zdtm_case = {
	.about =
		"Restrictions add up: what the source does not allow, the restored mount does not.",
	.dump = LIST("--external", "mnt[/vol]:vol"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.differs = LIST("/vol: flags: nosuid,relatime,rw | noexec,nosuid,relatime,ro"),
};
