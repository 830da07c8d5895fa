// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("proc", "/proc", 0, NULL);
	mount_new("tmpfs", "/tmp", 0, "size=1m");
	make_file("/tmp/three", "3:4\n");
	expect(!chown("/tmp/three", 3, 4), "chown: %s", strerror(errno));
}

static void settle(void)
{
	map_ids_by("/tmp", "0 10 1\n3 20 2\n", "0 11 1\n4 40 1\n");
}

static void check(void)
{
	expect_owner("/tmp", 10, 11);
	expect_owner("/tmp/three", 20, 40);
}

const struct zdtm_case zdtm_case = {
	.about = "What a user namespace has id-mapped itself, by a namespace below it.",
	.build = build,
	.settle = settle,
	.check = check,
	.reader = "statmount",
};
