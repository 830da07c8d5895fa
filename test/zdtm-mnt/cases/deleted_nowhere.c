// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

/* As bubblewrap gives a sandbox its files: nothing else of the tmpfs can be seen any more. */
static void build(void)
{
	mount_new("tmpfs", "/t", MS_NOSUID, "size=1m,mode=711");
	make_file("/t/one", "the first\n");
	make_file("/t/two", "the second\n");
	make_dir("/t/dir");
	expect(!chmod("/t/one", 0640) && !chown("/t/one", 7, 8), "chown: %s", strerror(errno));
	bind("/t/one", "/etc/one");
	bind_ro("/t/two", "/etc/two");
	bind("/t/two", "/again");
	bind("/t/dir", "/dir");
	expect(!unlink("/t/one") && !unlink("/t/two") && !rmdir("/t/dir"), "unlink: %s",
	       strerror(errno));
	unmount("/t");
}

static void check(void)
{
	struct stat stat;

	expect_text("/etc/one", "the first\n");
	expect_mode("/etc/one", S_IFREG | 0640);
	expect_owner("/etc/one", 7, 8);
	expect_text("/etc/two", "the second\n");
	expect_text("/again", "the second\n");
	expect_one_superblock("/etc/one", "/dir");
	expect(!lstat("/etc/one", &stat) && stat.st_nlink == 0, "it has a name");
}

const struct zdtm_case zdtm_case = {
	.about = "Deleted files and directories of a tmpfs that is mounted nowhere any more.",
	.build = build,
	.check = check,
};
