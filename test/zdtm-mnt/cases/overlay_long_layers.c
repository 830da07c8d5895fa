// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static char deep[600];

static const char *layer(const char *name)
{
	static char path[8][700];
	static int n;

	for (size_t i = 0; i < 2; i++) {
		deep[i * 200] = '/';
		memset(deep + i * 200 + 1, 'a' + (int)i, 199);
	}
	n = (n + 1) % 8;
	snprintf(path[n], sizeof(path[n]), "/layers/%s%s", name, deep);
	make_dir(path[n]);
	return path[n];
}

static void must(bool done, const char *what)
{
	expect(done, "%s: %s", what, strerror(errno));
}

static void make_layers(const char *name)
{
	char file[1200];

	snprintf(file, sizeof(file), "%s/%s", layer(name), name);
	make_file(file, name);
}

/* By mount(2): one list. */
static void build_list(void)
{
	char options[4096];

	snprintf(options, sizeof(options), "lowerdir=%s:%s,upperdir=%s,workdir=%s", layer("l1"),
		 layer("l2"), layer("u"), layer("w"));
	mount_named("list", "overlay", "/list", 0, options);
	snprintf(options, sizeof(options), "lowerdir=%s:%s", layer("l1"), layer("l2"));
	mount_named("", "overlay", "/lower", 0, options);
}

/* By descriptors, which need no list, and no kernel older than 6.13. */
static void build_descriptors(void)
{
	int fs = fsopen("overlay", FSOPEN_CLOEXEC), tree;

	for (int i = 0; i < 20; i++) {
		char name[8];

		snprintf(name, sizeof(name), "d%d", i);
		int fd = open(layer(name), O_PATH);

		make_layers(name);
		if (fsconfig(fs, FSCONFIG_SET_FD, "lowerdir+", NULL, fd))
			return;
	}
	must(!fsconfig(fs, FSCONFIG_SET_STRING, "source", "fds", 0), "source");
	must(!fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "create");
	tree = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	must(tree >= 0, "fsmount");
	make_dir("/fds");
	must(!move_mount(tree, "", AT_FDCWD, "/fds", MOVE_MOUNT_F_EMPTY_PATH), "move_mount");
}

static void build(void)
{
	make_layers("l1");
	make_layers("l2");
	build_list();
	build_descriptors();
}

static void check(void)
{
	expect_text("/list/l1", "l1");
	expect_text("/list/l2", "l2");
	expect_writable("/list");
	expect_text("/lower/l1", "l1");
	if (!access("/fds", F_OK))
		expect_text("/fds/d17", "d17");
}

const struct zdtm_case zdtm_case = {
	.about = "An overlay has layers with paths longer than 255 bytes.",
	.build = build,
	.check = check,
};
