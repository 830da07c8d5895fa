// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* What this kernel lacks is left out. */
static const char *const types[] = { "debugfs", "tracefs",  "securityfs", "pstore",
				     "fusectl", "efivarfs", "configfs" };
#define COUNT (sizeof(types) / sizeof(types[0]))

static const char *path_of(const char *where, const char *type)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s%s", where, type);
	return path;
}

/* Mounted by the host, as for a container of another user namespace. */
static void prepare(void)
{
	for (size_t i = 0; i < COUNT; i++) {
		const char *path = path_of("src/", types[i]);

		make_dir(path);
		if (mount(types[i], path, types[i], 0, NULL))
			expect(!rmdir(path), "rmdir: %s", strerror(errno));
	}
}

static void build(void)
{
	for (size_t i = 0; i < COUNT; i++)
		if (!access(types[i], F_OK))
			bind(types[i], path_of("/sys/kernel/", types[i]));
	if (access("/sys/kernel/debugfs", F_OK))
		skip("this kernel has no debugfs");
	attributes("/sys/kernel/debugfs", MOUNT_ATTR_RDONLY);
}

static void check(void)
{
	for (size_t i = 0; i < 5; i++)
		if (!access(path_of("/sys/kernel/", types[i]), F_OK))
			expect_type(path_of("/sys/kernel/", types[i]), types[i]);
	expect_flags("/sys/kernel/debugfs", ST_RDONLY | ST_RELATIME);
}

const struct zdtm_case zdtm_case = {
	.about = "debugfs, tracefs, securityfs, pstore, fusectl: mounted again by --enable-fs.",
	.dump = LIST("--enable-fs", "debugfs,tracefs,securityfs,pstore,fusectl,efivarfs,configfs"),
	.restore =
		LIST("--enable-fs", "debugfs,tracefs,securityfs,pstore,fusectl,efivarfs,configfs"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
