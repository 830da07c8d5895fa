// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/frozen", 0, "size=1m");
	make_file("/frozen/file", "written before the superblock was read-only\n");
	expect(!mount(NULL, "/frozen", NULL, MS_REMOUNT | MS_RDONLY, "size=1m"), "remount: %s",
	       strerror(errno));
	/* The mount itself may write: it is the superblock that may not. */
	expect(!mount(NULL, "/frozen", NULL, MS_REMOUNT | MS_BIND, NULL), "remount, bind: %s",
	       strerror(errno));
}

static void check(void)
{
	expect_text("/frozen/file", "written before the superblock was read-only\n");
	expect_readonly("/frozen");
	expect(!mount(NULL, "/frozen", NULL, MS_REMOUNT | MS_BIND, NULL), "remount, bind: %s",
	       strerror(errno));
	expect_readonly("/frozen");
}

const struct zdtm_case zdtm_case = {
	.about = "A tmpfs whose superblock is read-only under a writable mount has its contents.",
	.build = build,
	.check = check,
};
