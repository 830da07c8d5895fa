// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void must(bool done, const char *what)
{
	expect(done, "%s: %s", what, strerror(errno));
}

/* Neither the source nor the mountpoint is followed. */
static void bind_on_link(const char *source, const char *link)
{
	int tree = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | O_CLOEXEC);

	must(tree >= 0, source);
	must(!move_mount(tree, "", AT_FDCWD, link, MOVE_MOUNT_F_EMPTY_PATH), link);
	close(tree);
}

static void prepare(void)
{
	volume_file("resolv");
}

static void build(void)
{
	char name[32];

	make_link("/etc/resolv.conf", "../run/stub-resolv.conf");
	make_link("/absolute", "/etc");
	make_link("/loop", "loop");
	make_file("/file", "of the root");
	bind_on_link("resolv", "/etc/resolv.conf");
	bind_on_link("/file", "/absolute");
	bind_on_link("/file", "/loop");
	/* In a tmpfs: its symlinks are in the image. */
	mount_new("tmpfs", "/run", 0, NULL);
	make_file("/run/file", "of the tmpfs");
	make_link("/run/link", "../../..");
	bind_on_link("/run/file", "/run/link");
	/* A stack, of which the lowest stands on the symlink. */
	make_link("/run/stack", "file");
	bind_on_link("/run/file", "/run/stack");
	bind_on_link("/file", "/run/stack");
	/* Enough of them, and no symlink between. */
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "/run/many/%d", i);
		if (i % 3)
			make_link(name, "..");
		else
			make_file(name, "");
		bind_on_link("/run/file", name);
	}
}

static void check(void)
{
	char name[32];

	expect_volume_file("/etc/resolv.conf", "resolv");
	expect_text("/absolute", "of the root");
	expect_text("/loop", "of the root");
	expect_text("/run/link", "of the tmpfs");
	expect_text("/run/stack", "of the root");
	expect_mounts("/run/stack", 2);
	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "/run/many/%d", i);
		expect_text(name, "of the tmpfs");
	}
}

const struct zdtm_case zdtm_case = {
	.about = "Files are mounted on symlinks, and not where these lead.",
	.dump = LIST("--external", "mnt[/etc/resolv.conf]:resolv"),
	.restore = LIST("--external", "mnt[resolv]:@SRC@/resolv"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
