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
}

const struct zdtm_case zdtm_case = {
	.about =
		"Formats registered in a user namespace's binfmt_misc are not kept, and not lost unsaid.",
	.build = build,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("/formats", "it holds 'zdtm'"),
	.flavours = FLAVOUR_USERNS, /* the other one's are the host's */
};
