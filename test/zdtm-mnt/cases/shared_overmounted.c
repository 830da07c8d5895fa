// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/p", 0, "size=1m");
	make_dir("/p/x");
	make_dir("/p/y");
	propagation("/p", MS_SHARED);
	bind("/p", "/dir/q");
	mount_new("tmpfs", "/p/x", 0, "size=2m");
	make_file("/p/x/file", "first\n");
	mount_new("tmpfs", "/dir/q/x", 0, "size=3m");
	make_file("/p/x/file", "second\n");
	mount_new("tmpfs", "/p/y", 0, "size=4m");
	mount_new("tmpfs", "/dir", 0, "size=5m");
	make_file("/dir/q", "cover\n");
	/* Over the group itself: its other member is covered where it is hidden already. */
	mount_new("tmpfs", "/p", 0, "size=6m");
	make_file("/p/file", "cover\n");
}

static void see_below(void)
{
	expect_text("/p/x/file", "second\n");
	expect_mounts("/p/x", 2);
}

static void see_member(void)
{
	expect_text("/dir/q/file", "cover\n");
	expect_mounts("/dir/q", 2);
}

static void check(void)
{
	expect_text("/p/file", "cover\n");
	expect_text("/dir/q", "cover\n");
	expect_mounts("/p", 2);
	without("/p", see_below);
	without("/dir", see_member);
}

const struct zdtm_case zdtm_case = {
	.about =
		"Stacks below shared mounts and on them, in every peer, also in one that is hidden.",
	.build = build,
	.check = check,
};
