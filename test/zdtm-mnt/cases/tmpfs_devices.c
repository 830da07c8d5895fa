// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	mount_new("tmpfs", "/dev", MS_NOSUID, "mode=755,size=64k");
	make_node("/dev/null", S_IFCHR | 0666, 1, 3);
	make_node("/dev/zero", S_IFCHR | 0666, 1, 5);
	make_node("/dev/full", S_IFCHR | 0666, 1, 7);
	make_node("/dev/random", S_IFCHR | 0666, 1, 8);
	make_node("/dev/urandom", S_IFCHR | 0644, 1, 9);
	make_node("/dev/tty", S_IFCHR | 0620, 5, 0);
	make_link("/dev/stdin", "/proc/self/fd/0");
}

static void check(void)
{
	char byte = 1;
	int fd = open("/dev/zero", O_RDONLY);

	expect(fd >= 0 && read(fd, &byte, 1) == 1 && !byte, "/dev/zero is none: %s",
	       strerror(errno));
	expect_errno(write(open("/dev/full", O_WRONLY), "x", 1), ENOSPC);
	expect_mode("/dev/tty", S_IFCHR | 0620);
	expect_mode("/dev/stdin", S_IFLNK | 0777);
}

const struct zdtm_case zdtm_case = {
	.about = "The harmless device nodes of a container's /dev, a tmpfs, come back and work.",
	.build = build,
	.check = check,
	.flavours = FLAVOUR_HOST,
};
