// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"
#include <limits.h>

#define DEPTH 15

/* The mountpoint at a depth: 256 bytes for each, and 240 for the last one. */
static const char *deep_path(int depth)
{
	static char path[PATH_MAX];
	char *end = path;

	for (int i = 0; i <= depth; i++) {
		int length = i < DEPTH ? 255 : 240;

		*end++ = '/';
		memset(end, 'a' + i, (size_t)length);
		end += length;
	}
	*end = '\0';
	return path;
}

static void describe(void)
{
	dump_option("--external");
	dump_option("mnt[%s]:vol", deep_path(DEPTH));
}

static void prepare(void)
{
	volume("vol");
}

static void build(void)
{
	for (int i = 0; i < DEPTH; i++)
		mount_new("tmpfs", deep_path(i), 0, "size=64k");
	bind_ro("vol", deep_path(DEPTH));
}

static void check(void)
{
	/* With the marker's name the path would be too long for one call. */
	expect(!chdir(deep_path(DEPTH)), "chdir: %s", strerror(errno));
	expect_volume_file("marker", "vol");
	expect_readonly(".");
	expect(!chdir("/"), "chdir: %s", strerror(errno));
}

const struct zdtm_case zdtm_case = {
	.about = "Mounts in mounts, down to a volume at a path of 4081 bytes.",
	.describe = describe,
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.check = check,
};
