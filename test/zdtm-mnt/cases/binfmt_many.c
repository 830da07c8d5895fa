// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

#define MANY 500

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	expect(fd >= 0, "%s: %s", path, strerror(errno));
	expect(write(fd, text, strlen(text)) > 0, "%s: %s", path, strerror(errno));
	close(fd);
}

static void build(void)
{
	char text[64];

	mount_new("binfmt_misc", "/formats", 0, NULL);
	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), ":f%d:E::%x::/bin/%d:", i * 7919 % MANY, i, i);
		write_to("/formats/register", text);
	}
	write_to("/formats/f77", "0");
}

static void check(void)
{
	char name[32], text[96];

	for (int i = 0; i < MANY; i++) {
		int number = i * 7919 % MANY;

		snprintf(name, sizeof(name), "/formats/f%d", number);
		snprintf(text, sizeof(text), "%s\ninterpreter /bin/%d\nflags: \nextension .%x\n",
			 number == 77 ? "disabled" : "enabled", i, i);
		expect_text(name, text);
	}
}

const struct zdtm_case zdtm_case = {
	.about = "Five hundred formats.",
	.build = build,
	.check = check,
	.flavours = FLAVOUR_USERNS, /* the other one's are the host's */
};
