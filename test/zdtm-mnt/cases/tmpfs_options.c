// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_named("shm", "tmpfs", "/shm", MS_NOSUID | MS_NODEV, "mode=1777,size=65536k");
	mount_named("none", "tmpfs", "/small", 0, "size=128k,nr_inodes=20,mode=750,uid=7,gid=8");
	mount_named("odd name", "tmpfs", "/plain", 0, NULL);
	make_file("/small/file", "x");
}

static void check(void)
{
	struct statvfs fs;
	struct stat st;

	expect(!statvfs("/small", &fs) && fs.f_blocks * fs.f_frsize == 128 << 10, "size");
	expect(fs.f_files == 20, "nr_inodes: %lu", (unsigned long)fs.f_files);
	expect(!stat("/small", &st) && st.st_uid == 7 && st.st_gid == 8, "owner %u:%u", st.st_uid,
	       st.st_gid);
	expect_mode("/small", S_IFDIR | 0750);
	expect(!statvfs("/shm", &fs) && fs.f_blocks * fs.f_frsize == 64 << 20, "size of /shm");
	expect_mode("/shm", S_IFDIR | 01777);
	expect_flags("/shm", ST_NOSUID | ST_NODEV | ST_RELATIME);
}

const struct zdtm_case zdtm_case = {
	.about = "A tmpfs has its size, nr_inodes, mode, uid, gid and source name again.",
	.build = build,
	.check = check,
};
