// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_named("none", "hugetlbfs", "/dev/hugepages", MS_NOSUID, NULL);
	mount_named("pool", "hugetlbfs", "/pool", 0,
		    "pagesize=2M,size=8M,nr_inodes=20,uid=5,gid=6,mode=0711");
	make_dir("/pool/dir");
	make_node("/pool/dir/empty", S_IFREG | 0644, 0, 0);
	expect(!chmod("/dev/hugepages", 01770), "chmod: %s", strerror(errno));
	bind("/pool/dir", "/bound");
}

static void check(void)
{
	struct stat st;

	expect_type("/pool", "hugetlbfs");
	expect_mode("/pool", S_IFDIR | 0711);
	expect_mode("/dev/hugepages", S_IFDIR | 01770);
	expect_flags("/dev/hugepages", ST_NOSUID | ST_RELATIME);
	expect(!stat("/pool", &st) && st.st_uid == 5 && st.st_gid == 6, "/pool is %u:%u", st.st_uid,
	       st.st_gid);
	expect_mode("/bound/empty", S_IFREG | 0644);
	expect_one_superblock("/pool", "/bound");
}

const struct zdtm_case zdtm_case = {
	.about = "Filesystems of huge pages, with their limits, owners and directories.",
	.build = build,
	.check = check,
	.flavours = FLAVOUR_HOST, /* a user namespace may not mount it */
};
