// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* Many extents, and other ones for groups; whole files; what nobody maps. */
static const char uids[] = "0 1000 1\n5 7000 10\n100 100000 65536\n";
static const char gids[] = "0 2000 1\n6 8000 3\n";

static void prepare(void)
{
	volume("vol");
	make_file("src/vol/five", "5:6\n");
	expect(!chown("src/vol/five", 5, 6), "chown: %s", strerror(errno));
	volume_file("file");
}

static void build(void)
{
	mount_new("proc", "/proc", 0, NULL);
	bind("vol", "/one");
	bind("vol", "/two");
	bind("vol", "/identity");
	bind("file", "/etc/file");
	mount_new("tmpfs", "/tmp", 0, "size=1m");
	make_file("/tmp/sub/three", "3:4\n");
	expect(!chown("/tmp/sub/three", 3, 4), "chown: %s", strerror(errno));
	bind("/tmp/sub", "/sub");
	bind("/tmp/sub/three", "/etc/three");
	make_dir("/own");
	bind("/own", "/own-again");
}

static void settle(void)
{
	map_ids_by("/one", uids, gids);
	map_ids_by("/two", uids, gids);
	map_ids_by("/identity", "0 0 4294967295\n", "0 0 4294967295\n");
	map_ids_by("/etc/file", uids, gids);
	map_ids_by("/sub", uids, gids);
	map_ids_by("/etc/three", "3 33 1\n", "4 44 1\n");
	map_ids_by("/own-again", uids, gids);
}

static void check(void)
{
	expect_owner("/one/five", 7000, 8000);
	expect_owner("/two/marker", 1000, 2000);
	expect_owner("/identity/five", 5, 6);
	expect_owner("/etc/file", 1000, 2000);
	expect_owner("/sub", 1000, 2000);
	expect_owner("/sub/three", 65534, 65534);
	expect_owner("/tmp/sub/three", 3, 4);
	expect_owner("/etc/three", 33, 44);
	expect_owner("/own-again", 1000, 2000);
}

const struct zdtm_case zdtm_case = {
	.about =
		"Maps of several extents, shared by mounts: a volume, files, parts of tmpfs and root.",
	.dump = LIST("--external", "mnt[/one]:1", "--external", "mnt[/two]:2", "--external",
		     "mnt[/identity]:3", "--external", "mnt[/etc/file]:4"),
	.restore = LIST("--external", "mnt[1]:@SRC@/vol", "--external", "mnt[2]:@SRC@/vol",
			"--external", "mnt[3]:@SRC@/vol", "--external", "mnt[4]:@SRC@/file"),
	.prepare = prepare,
	.build = build,
	.settle = settle,
	.check = check,
	.flavours = FLAVOUR_HOST, /* in another user namespace the maps are told in its ids */
	.reader = "statmount",
};
