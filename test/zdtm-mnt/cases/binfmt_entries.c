// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	expect(fd >= 0, "%s: %s", path, strerror(errno));
	expect(write(fd, text, strlen(text)) > 0, "%s: %s", path, strerror(errno));
	close(fd);
}

static void build(void)
{
	mount_new("binfmt_misc", "/formats", 0, NULL);
	write_to("/formats/register", ":zdtm:E::zdtm::/bin/busybox:");
	write_to("/formats/register",
		 "|z:m|M|2|\\x7f:\\x00\\x5c\\x7c|\\xff\\x00\\xff\\xff\\xff|/bin/a:b|OC");
	write_to("/formats/register", ":plain:M::PLAIN::/bin/plain:P");
	write_to("/formats/zdtm", "0");
	write_to("/formats/status", "0");
}

static void check(void)
{
	expect_text("/formats/zdtm",
		    "disabled\ninterpreter /bin/busybox\nflags: \nextension .zdtm\n");
	expect_text("/formats/z:m", "enabled\ninterpreter /bin/a:b\nflags: OC\noffset 2\n"
				    "magic 7f3a005c7c\nmask ff00ffffff\n");
	expect_text("/formats/plain", "enabled\ninterpreter /bin/plain\nflags: P\noffset 0\n"
				      "magic 504c41494e\n");
	expect_text("/formats/status", "disabled\n");
}

const struct zdtm_case zdtm_case = {
	.about = "Formats registered in a user namespace's binfmt_misc are registered again.",
	.build = build,
	.check = check,
	.flavours = FLAVOUR_USERNS, /* the other one's are the host's */
};
