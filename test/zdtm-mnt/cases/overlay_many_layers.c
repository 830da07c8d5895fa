// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

#define LAYERS 400 /* the kernel takes 500 */

static const char *layer(int number)
{
	static char path[128];

	snprintf(path, sizeof(path), "/layers/a-name-of-some-length-as-digests-of-layers-are-%012d",
		 number);
	return path;
}

static void must(bool done, const char *what)
{
	expect(done, "%s: %s", what, strerror(errno));
}

static void build(void)
{
	char name[32];
	int fs = fsopen("overlay", FSOPEN_CLOEXEC), tree;

	if (fs < 0)
		skip("this kernel has no overlay");
	for (int i = 0; i < LAYERS; i++) {
		make_dir(layer(i));
		snprintf(name, sizeof(name), "%d", i);
		must(!chdir(layer(i)), "chdir");
		make_file(name, name);
		make_file("last", name);
		if (fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir+", layer(i), 0))
			skip("this kernel has no lowerdir+: %s", strerror(errno));
	}
	make_dir("/upper");
	make_dir("/work");
	must(!fsconfig(fs, FSCONFIG_SET_STRING, "source", "layers", 0), "source");
	must(!fsconfig(fs, FSCONFIG_SET_STRING, "upperdir", "/upper", 0), "upperdir");
	must(!fsconfig(fs, FSCONFIG_SET_STRING, "workdir", "/work", 0), "workdir");
	must(!fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "create");
	tree = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV);
	must(tree >= 0, "fsmount");
	make_dir("/merged");
	must(!move_mount(tree, "", AT_FDCWD, "/merged", MOVE_MOUNT_F_EMPTY_PATH), "move_mount");
}

static void check(void)
{
	char path[32], text[32];

	expect_type("/merged", "overlay");
	expect_text("/merged/last", "0");
	expect_writable("/merged");
	for (int i = 0; i < LAYERS; i++) {
		snprintf(path, sizeof(path), "/merged/%d", i);
		snprintf(text, sizeof(text), "%d", i);
		expect_text(path, text);
	}
}

const struct zdtm_case zdtm_case = {
	.about = "An overlay of 400 layers, whose options are longer than any page.",
	.build = build,
	.check = check,
};
