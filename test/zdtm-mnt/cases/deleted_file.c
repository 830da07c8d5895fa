// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/xattr.h>

#include "case.h"

#define TEXT "of a file that is gone\n"

static const struct timespec times[2] = { { 1000000007, 12345678 }, { 1000000009, 987654321 } };

static void build(void)
{
	mount_new("tmpfs", "/t", 0, NULL);
	make_file("/t/file", TEXT);
	make_file("/t/other", "of one that is there\n");
	expect(!chown("/t/file", 7, 8) && !chmod("/t/file", 04751), "chown: %s", strerror(errno));
	setxattr("/t/file", "trusted.case", "value", 5, 0);
	bind("/t/file", "/kept");
	make_node("/t/pipe", S_IFIFO | 0620, 0, 0);
	bind("/t/pipe", "/pipe");
	make_node("/t/socket", S_IFSOCK | 0602, 0, 0);
	bind("/t/socket", "/socket");
	expect(!utimensat(AT_FDCWD, "/t/file", times, 0), "utimensat: %s", strerror(errno));
	expect(!unlink("/t/file") && !unlink("/t/pipe") && !unlink("/t/socket"), "unlink: %s",
	       strerror(errno));
}

static void check(void)
{
	struct stat stat;

	expect(!lstat("/kept", &stat) && stat.st_uid == 7 && stat.st_gid == 8, "owner");
	expect(stat.st_mtim.tv_sec == times[1].tv_sec && stat.st_mtim.tv_nsec == times[1].tv_nsec,
	       "time of change");
	expect(stat.st_nlink == 0, "it has %d names", (int)stat.st_nlink);
	expect_text("/kept", TEXT);
	expect_mode("/kept", S_IFREG | 04751);
	expect_mode("/pipe", S_IFIFO | 0620);
	expect_mode("/socket", S_IFSOCK | 0602);
	expect_absent("/t/file");
	expect_absent("/t/pipe");
	expect_text("/t/other", "of one that is there\n");
}

const struct zdtm_case zdtm_case = {
	.about = "Binds of a file, a fifo and a socket that were deleted since are as they were.",
	.build = build,
	.check = check,
};
