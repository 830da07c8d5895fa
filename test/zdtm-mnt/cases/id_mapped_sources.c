// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* The host has mapped them, the root as systemd-nspawn does; a clone keeps that. */
static void map_root(void)
{
	bind("root", "root");
	map_ids("root", 70000);
}

static void prepare(void)
{
	volume("vol");
	bind("src/vol", "src/vol");
	map_ids("src/vol", 60000);
	/* On both sides: a copy of the mapped root would have other owners. */
	make_dir("root/etc/again");
	make_dir("root/vol");
	if (!on_new_side())
		map_root();
}

static void build(void)
{
	bind("vol", "/vol");
	expect(!mount("/etc", "/etc/again", NULL, MS_BIND, NULL), "bind: %s", strerror(errno));
}

static void check(void)
{
	expect_owner("/vol/marker", 60000, 60000);
	expect_owner("/etc", 70000, 70000);
	expect_owner("/etc/again", 70000, 70000);
}

const struct zdtm_case zdtm_case = {
	.about = "Sources that are id-mapped already, as the mounts were: a volume and the root.",
	.dump = LIST("--external", "mnt[/vol]:vol"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.alter = map_root,
	.check = check,
	.flavours = FLAVOUR_HOST, /* only its owner maps the ids of the root's filesystem */
	.reader = "statmount",
};
