// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	volume("vol");
}

static void build(void)
{
	mount_new("proc", "/proc", 0, NULL);
	bind("vol", "/mapped");
	mount_new("tmpfs", "/tmp", 0, "size=1m");
	make_file("/tmp/own", "own\n");
	bind("vol", "/plain");
}

/* No user namespace can be made while the host's root is stacked on ours. */
static void settle(void)
{
	map_ids("/mapped", 70000);
	map_ids("/tmp", 70000);
}

static void check(void)
{
	expect_owner("/mapped/marker", 70000, 70000);
	expect_owner("/plain/marker", 0, 0);
	expect_owner("/tmp/own", 70000, 70000);
}

const struct zdtm_case zdtm_case = {
	.about = "Id-mapped mounts, a volume and a tmpfs, show the owners that they showed.",
	.dump = LIST("--external", "mnt[/mapped]:mapped", "--external", "mnt[/plain]:plain"),
	.restore =
		LIST("--external", "mnt[mapped]:@SRC@/vol", "--external", "mnt[plain]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.settle = settle,
	.check = check,
	.flavours = FLAVOUR_HOST, /* in another user namespace the maps are told in its ids */
	.reader = "statmount",
};
