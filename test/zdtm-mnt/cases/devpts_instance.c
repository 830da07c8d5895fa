// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/dev", MS_NOSUID, "mode=755,size=64k");
	mount_new("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
		  "newinstance,ptmxmode=0666,mode=0620,gid=5,max=16");
	make_link("/dev/ptmx", "pts/ptmx");
}

static void check(void)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	expect(master >= 0, "no terminal can be opened: %s", strerror(errno));
	expect_type("/dev/pts", "devpts");
	expect_mode("/dev/pts/ptmx", S_IFCHR | 0666);
	expect(!stat("/dev/pts/0", &st), "the first terminal is not number 0");
	expect((st.st_mode & 0777) == 0620 && st.st_gid == 5, "terminal: mode %#o, group %u",
	       st.st_mode, st.st_gid);
}

const struct zdtm_case zdtm_case = {
	.about = "A devpts instance of its own, with its options, gives out terminals.",
	.build = build,
	.check = check,
};
