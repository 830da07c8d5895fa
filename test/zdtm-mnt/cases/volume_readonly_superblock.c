// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	mount_named("frozen", "tmpfs", "src/frozen", 0, "size=1m");
	volume("frozen");
	expect(!mount(NULL, "src/frozen", NULL, MS_REMOUNT | MS_RDONLY, "size=1m"), "remount: %s",
	       strerror(errno));
	expect(!mount(NULL, "src/frozen", NULL, MS_REMOUNT | MS_BIND, NULL), "remount, bind: %s",
	       strerror(errno));
}

static void build(void)
{
	bind("frozen", "/rw");
	bind_ro("frozen", "/ro");
}

static void check(void)
{
	expect_volume("/rw", "frozen");
	expect_readonly("/rw");
	expect_readonly("/ro");
	/* The mount itself is writable; the comparison looks at that. */
	expect_one_superblock("/rw", "/ro");
}

const struct zdtm_case zdtm_case = {
	.about = "A volume whose superblock is read-only, under a writable mount.",
	.dump = LIST("--external", "mnt[/rw]:rw", "--external", "mnt[/ro]:ro"),
	.restore = LIST("--external", "mnt[rw]:@SRC@/frozen", "--external", "mnt[ro]:@SRC@/frozen"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
