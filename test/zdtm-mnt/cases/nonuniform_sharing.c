// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void mount_with(const char *path, const char *text)
{
	char file[64];

	mount_new("tmpfs", path, 0, "size=1m");
	snprintf(file, sizeof(file), "%s/file", path);
	make_file(file, text);
}

static void build(void)
{
	mount_new("tmpfs", "/p", 0, NULL);
	for (const char *name = "abcd"; *name; name++) {
		char path[] = { '/', 'p', '/', *name, '\0' };

		make_dir(path);
	}
	mount_with("/p/a", "before the group");
	propagation("/p", MS_SHARED);
	bind("/p", "/q");
	mount_with("/p/b", "of two");
	bind("/q", "/r");
	mount_with("/r/c", "of three");
	/* Alone for a moment. */
	propagation("/q", MS_PRIVATE);
	mount_with("/q/d", "of a private one");
	unmount("/q/b");
	propagation("/q", MS_SHARED);
	bind("/q", "/q-peer");
}

static void check(void)
{
	expect_text("/p/a/file", "before the group");
	expect_absent("/q/a/file");
	expect_absent("/r/a/file");
	expect_text("/p/b/file", "of two");
	expect_absent("/q/b/file");
	expect_absent("/r/b/file");
	expect_text("/p/c/file", "of three");
	expect_text("/q/c/file", "of three");
	expect_text("/q/d/file", "of a private one");
	expect_absent("/q-peer/d/file");
	expect_absent("/p/d/file");
	mount_with("/r/d", "now");
	expect_text("/p/d/file", "now");
	expect_text("/q/d/file", "of a private one");
	unmount("/p/d");
	expect_absent("/r/d/file");
}

const struct zdtm_case zdtm_case = {
	.about = "Peers that do not have the same mounts below: some came before, some went alone.",
	.build = build,
	.check = check,
};
