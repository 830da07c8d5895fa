// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/whole", 0, NULL);
	make_dir("/whole/one/below");
	make_dir("/whole/two");
	propagation("/whole", MS_SHARED);
	bind("/whole/one", "/one");
	bind("/whole/two", "/two");
	bind("/whole/one/below", "/slave");
	propagation("/slave", MS_SLAVE);
	/* The member that shows all leaves the group; what stays shows parts. */
	propagation("/whole", MS_PRIVATE);
}

static void check(void)
{
	mount_new("tmpfs", "/one/below", 0, NULL);
	make_file("/one/below/file", "x");
	expect_absent("/whole/one/below/file");
	expect_absent("/two/file");
	unmount("/one/below");
	make_dir("/one/below/deeper");
	mount_new("tmpfs", "/one/below/deeper", 0, NULL);
	make_file("/one/below/deeper/file", "x");
	expect_text("/slave/deeper/file", "x");
	expect_absent("/whole/one/below/deeper/file");
	unmount("/one/below/deeper");
	expect_propagation("/slave/deeper", NULL, LIST("/one/below/deeper"));
	expect_propagation("/whole/one/below/deeper", NULL,
			   LIST("/one/below/deeper", "/slave/deeper"));
}

const struct zdtm_case zdtm_case = {
	.about =
		"A peer group none of whose members shows what the others show, and a slave of it.",
	.build = build,
	.check = check,
};
