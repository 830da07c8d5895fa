// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/mount.h>

#include "case.h"

static void build(void)
{
	mount_new("proc", "/proc", 0, "");
	attributes("/proc", MOUNT_ATTR_NOSYMFOLLOW);
	mount_new("tmpfs", "/tmp", 0, "");
	make_file("/tmp/file", "text\n");
}

static void check(void)
{
	char target[16];

	expect_text("/tmp/file", "text\n");
	expect(readlink("/proc/mounts", target, sizeof(target)) > 0, "readlink: %s",
	       strerror(errno));
	expect_errno(open("/proc/mounts", O_RDONLY), ELOOP);
}

const struct zdtm_case zdtm_case = {
	.about = "A tmpfs is kept where /proc follows no symlinks.",
	.build = build,
	.check = check,
};
