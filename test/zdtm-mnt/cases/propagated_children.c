// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/one", 0, NULL);
	make_dir("/one/below");
	propagation("/one", MS_SHARED);
	bind("/one", "/two");
	bind("/one", "/slave");
	propagation("/slave", MS_SLAVE);
	/* One mount call, three mounts. */
	mount_new("tmpfs", "/one/below", 0, "size=1m");
	make_file("/one/below/file", "in three places\n");
	make_dir("/one/below/dir");
}

static void check(void)
{
	expect_text("/one/below/file", "in three places\n");
	expect_text("/two/below/file", "in three places\n");
	expect_text("/slave/below/file", "in three places\n");
	expect_one_superblock("/one/below", "/slave/below");
	expect_mounts("/one/below", 1);
	expect_propagation("/two/below/dir", LIST("/one/below/dir", "/slave/below/dir"), NULL);
	expect_propagation("/slave/below/dir", NULL, LIST("/one/below/dir", "/two/below/dir"));
}

const struct zdtm_case zdtm_case = {
	.about = "Mounts that propagation made are there once each, in the groups they were in.",
	.build = build,
	.check = check,
};
