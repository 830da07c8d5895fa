// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/syscall.h>

#include "case.h"

/* The whole filesystem, its mounts stay writable. */
static void seal(const char *path)
{
	int fs = (int)syscall(SYS_fspick, AT_FDCWD, path, 0);

	expect(fs >= 0 && !syscall(SYS_fsconfig, fs, 0, "ro", NULL, 0) &&
		       !syscall(SYS_fsconfig, fs, 7, NULL, NULL, 0),
	       "a read-only superblock: %s", strerror(errno));
	close(fs);
}

/* The directory becomes a filesystem of its own, with what was in it. */
static void make_sealed(void)
{
	make_dir("copy");
	mount_new("tmpfs", "copy", 0, "mode=755");
	expect(!system("cp -a root/. copy/"), "cp");
	make_dir("copy/tmp");
	make_dir("copy/vol");
	expect(!mount("copy", "root", NULL, MS_MOVE, NULL), "move: %s", strerror(errno));
	seal("root");
}

static void prepare(void)
{
	volume("vol");
	if (!on_new_side())
		make_sealed();
}

static void build(void)
{
	bind("vol", "/vol");
	mount_new("tmpfs", "/tmp", 0, "size=1m");
}

static void check(void)
{
	expect_readonly("/");
	expect_flags("/", ST_RDONLY | ST_RELATIME);
	expect_writable("/vol");
	expect_writable("/tmp");
}

const struct zdtm_case zdtm_case = {
	.about = "A root whose whole filesystem is read-only stays so, with writable mounts below.",
	.dump = LIST("--external", "mnt[/vol]:vol"),
	.restore = LIST("--external", "mnt[vol]:@SRC@/vol"),
	.prepare = prepare,
	.build = build,
	.alter = make_sealed,
	.check = check,
};
