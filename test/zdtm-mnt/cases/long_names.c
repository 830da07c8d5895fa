// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static char name[256]; /* 255 bytes, the longest there are */

static const char *long_path(const char *before, char letter)
{
	static char path[1024];

	memset(name, letter, sizeof(name) - 1);
	snprintf(path, sizeof(path), "%s/%s", before, name);
	return path;
}

static void describe(void)
{
	dump_option("--external");
	dump_option("mnt[%s]:vol", long_path("", 'v'));
	dump_option("--external");
	dump_option("mnt[%s]:file", long_path("/etc", 'f'));
}

static void prepare(void)
{
	volume("vol");
	volume_file("file");
}

static void build(void)
{
	bind("vol", long_path("", 'v'));
	bind("file", long_path("/etc", 'f'));
	mount_new("tmpfs", long_path("", 't'), 0, "size=1m");
	make_file(long_path(long_path("", 't'), 'x'), "long\n");
	/* Four bytes of mountinfo for each of the name. */
	mount_new("tmpfs", long_path("", '\n'), 0, "size=1m");
	mount_new("tmpfs", long_path(long_path("", '\n'), ' '), 0, "size=1m");
}

static void check(void)
{
	expect_volume(long_path("", 'v'), "vol");
	expect_volume_file(long_path("/etc", 'f'), "file");
	expect_text(long_path(long_path("", 't'), 'x'), "long\n");
	expect_type(long_path(long_path("", '\n'), ' '), "tmpfs");
}

const struct zdtm_case zdtm_case = {
	.about = "Mountpoints and files whose names have 255 bytes, also odd ones.",
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol", "--external", "mnt[file]:@SRC@/file"),
	.describe = describe,
	.prepare = prepare,
	.build = build,
	.check = check,
};
