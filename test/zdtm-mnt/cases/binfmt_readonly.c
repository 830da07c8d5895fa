// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	static const char format[] = ":zdtm:E::zdtm::/bin/busybox:";
	int fd;

	mount_new("binfmt_misc", "/formats", 0, NULL);
	fd = open("/formats/register", O_WRONLY | O_CLOEXEC);
	expect(fd >= 0, "register: %s", strerror(errno));
	expect(write(fd, format, strlen(format)) > 0, "register: %s", strerror(errno));
	close(fd);
	/* The same one: there is one of a user namespace. */
	mount_new("binfmt_misc", "/proc/sys/fs/binfmt_misc", 0, NULL);
	attributes("/proc/sys/fs/binfmt_misc", MOUNT_ATTR_RDONLY);
	expect(mount(NULL, "/formats", NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0, "remount: %s",
	       strerror(errno));
}

static void check(void)
{
	expect_text("/formats/zdtm",
		    "enabled\ninterpreter /bin/busybox\nflags: \nextension .zdtm\n");
	expect_one_superblock("/formats", "/proc/sys/fs/binfmt_misc");
	expect_errno(open("/formats/register", O_WRONLY | O_CLOEXEC), EROFS);
}

const struct zdtm_case zdtm_case = {
	.about = "A binfmt_misc that was made read-only gets its formats before it is so again.",
	.build = build,
	.check = check,
	.flavours = FLAVOUR_USERNS, /* the other one's are the host's */
};
