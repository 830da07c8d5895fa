// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void prepare(void)
{
	const char *const names[] = { "src/shared", "src/slave" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char below[64];

		volume(names[i] + 4);
		snprintf(below, sizeof(below), "%s/below", names[i]);
		make_dir(below);
		bind(names[i], names[i]);
		propagation(names[i], MS_SHARED);
	}
}

static void build(void)
{
	bind("shared", "/shared");
	bind("/shared", "/peer");
	bind("slave", "/slave");
	propagation("/slave", MS_SLAVE);
}

/* Its groups go on inside: only the host is left out. */
static void check(void)
{
	expect_volume("/peer", "shared");
	expect_volume("/slave", "slave");
	expect_propagation("/shared/below", LIST("/peer/below"), LIST("/slave/below"));
}

static void mount_inside(void)
{
	mount_new("tmpfs", "/shared/below", 0, "size=4k");
}

static void unmount_inside(void)
{
	unmount("/shared/below");
}

static void see_nothing(void)
{
	expect_not_type("/shared/below", "tmpfs");
	expect_not_type("/peer/below", "tmpfs");
	expect_not_type("/slave/below", "tmpfs");
}

static void outside(void)
{
	if (!on_new_side())
		return;
	mount_new("tmpfs", "src/shared/below", 0, "size=4k");
	mount_new("tmpfs", "src/slave/below", 0, "size=4k");
	inside(see_nothing);
	unmount("src/shared/below");
	unmount("src/slave/below");
	inside(mount_inside);
	expect_not_type("src/shared/below", "tmpfs");
	inside(unmount_inside);
}

const struct zdtm_case zdtm_case = {
	.about = "--sharing private: peers among themselves, the host neither hears nor is heard.",
	.dump = LIST("--external", "mnt[/shared]:shared", "--external", "mnt[/peer]:peer",
		     "--external", "mnt[/slave]:slave"),
	.restore =
		LIST("--sharing", "private", "--external", "mnt[shared]:@SRC@/shared", "--external",
		     "mnt[peer]:@SRC@/shared", "--external", "mnt[slave]:@SRC@/slave"),
	.differs = LIST("/shared: shared: with the host's @/src/shared | ",
			"/peer: shared: with the host's @/src/shared | ",
			"/slave: master: with the host's @/src/slave | none"),
	.prepare = prepare,
	.build = build,
	.check = check,
	.outside = outside,
	.flavours = FLAVOUR_HOST, /* in a user namespace nothing is a peer of the host */
};
