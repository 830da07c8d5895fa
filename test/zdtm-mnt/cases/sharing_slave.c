// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static const char *const names[] = { "shared", "lone", "slave", "lone-slave" };

/* What is lone is in a group of the old side, and in none of the new one. */
static void prepare(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];

		volume(names[i]);
		snprintf(path, sizeof(path), "src/%s/below", names[i]);
		make_dir(path);
		*strrchr(path, '/') = '\0';
		bind(path, path);
		if (!on_new_side() || strncmp(names[i], "lone", 4) != 0)
			propagation(path, MS_SHARED);
	}
}

static void build(void)
{
	bind("shared", "/shared");
	bind("lone", "/lone");
	bind("slave", "/slave");
	bind("lone-slave", "/lone-slave");
	propagation("/slave", MS_SLAVE);
	propagation("/lone-slave", MS_SLAVE);
}

static void check(void)
{
	expect_volume("/shared", "shared");
	expect_volume("/lone-slave", "lone-slave");
}

static void mount_inside(void)
{
	mount_new("tmpfs", "/shared/below", 0, "size=4k");
}

static void unmount_inside(void)
{
	unmount("/shared/below");
}

static void see_mounted(void)
{
	expect_type("/shared/below", "tmpfs");
	expect_type("/slave/below", "tmpfs");
	expect_not_type("/lone/below", "tmpfs");
	expect_not_type("/lone-slave/below", "tmpfs");
}

static void outside(void)
{
	if (!on_new_side())
		return;
	mount_new("tmpfs", "src/shared/below", 0, "size=4k");
	mount_new("tmpfs", "src/slave/below", 0, "size=4k");
	mount_new("tmpfs", "src/lone/below", 0, "size=4k");
	mount_new("tmpfs", "src/lone-slave/below", 0, "size=4k");
	inside(see_mounted);
	unmount("src/shared/below");
	unmount("src/slave/below");
	unmount("src/lone/below");
	unmount("src/lone-slave/below");
	inside(mount_inside);
	expect_not_type("src/shared/below", "tmpfs");
	inside(unmount_inside);
}

const struct zdtm_case zdtm_case = {
	.about =
		"--sharing slave: what was a peer of the host hears of it; without a group, private.",
	.dump = LIST("--external", "mnt[/shared]:shared", "--external", "mnt[/lone]:lone",
		     "--external", "mnt[/slave]:slave", "--external",
		     "mnt[/lone-slave]:lone-slave"),
	.restore = LIST("--sharing", "slave", "--external", "mnt[shared]:@SRC@/shared",
			"--external", "mnt[lone]:@SRC@/lone", "--external",
			"mnt[slave]:@SRC@/slave", "--external", "mnt[lone-slave]:@SRC@/lone-slave"),
	.differs = LIST("/shared: shared: with the host's @/src/shared | none",
			"/shared: master: none | with the host's @/src/shared",
			"/lone: shared: with the host's @/src/lone | ",
			"/lone-slave: master: with the host's @/src/lone-slave | none"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.outside = outside,
	.flavours = FLAVOUR_HOST, /* in a user namespace nothing is a peer of the host */
};
