// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void build(void)
{
	static const char format[] = ":zdtm:E::zdtm::/interpreter:F";
	int fd;

	mount_new("binfmt_misc", "/formats", 0, NULL);
	make_file("/interpreter", "");
	expect(chmod("/interpreter", 0755) == 0, "/interpreter: %s", strerror(errno));
	fd = open("/formats/register", O_WRONLY | O_CLOEXEC);
	expect(fd >= 0, "register: %s", strerror(errno));
	expect(write(fd, format, strlen(format)) > 0, "register: %s", strerror(errno));
	close(fd);
}

const struct zdtm_case zdtm_case = {
	.about = "A format whose interpreter is opened when it is registered is not lost unsaid.",
	.build = build,
	.refused = REFUSED_AT_DUMP,
	.says = LIST("/formats", "the format 'zdtm'", "flag F"),
	.flavours = FLAVOUR_USERNS, /* the other one's are the host's */
};
