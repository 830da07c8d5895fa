// SPDX-License-Identifier: LGPL-2.1-or-later
#include "case.h"

#define LONGEST 1920 /* bytes that the kernel takes in one write */

static void write_format(const char *text, size_t size)
{
	int fd = open("/formats/register", O_WRONLY | O_CLOEXEC);

	expect(fd >= 0, "register: %s", strerror(errno));
	expect(write(fd, text, size) == (ssize_t)size, "'%.40s': %s", text, strerror(errno));
	close(fd);
}

#define WRITE_FORMAT(text) write_format(text, sizeof(text) - 1)

/* An interpreter as long as can be. */
static void fill_interpreter(char text[LONGEST])
{
	memset(text, '/', LONGEST);
	text[LONGEST - 1] = '\0';
	text[LONGEST - 2] = '\377';
}

/* A name as long as can be, without the one character that is left to separate fields. */
static void fill_name(char name[256])
{
	static const char odd[] =
		"\001\002 \t\"'`$()<>[]{}!%&~^#@=,+*?-_.|;\\\n\033[31m\377\303\244";

	for (size_t i = 0; i < 255; i++)
		name[i] = odd[i % (sizeof(odd) - 1)];
	name[255] = '\0';
}

static void build(void)
{
	char interpreter[LONGEST], name[256], line[LONGEST + 1];

	mount_new("binfmt_misc", "/formats", 0, NULL);
	fill_interpreter(interpreter);
	write_format(line, (size_t)snprintf(line, sizeof(line), ":long:E::l::%s:P",
					    interpreter + LONGEST - 1 - (LONGEST - 14)));
	fill_name(name);
	write_format(line, (size_t)snprintf(line, sizeof(line), ":%s:E::odd::/bin/odd:", name));
	WRITE_FORMAT(":flags:E::.x y\t::/an interpreter:POC\n");
	WRITE_FORMAT(":last bytes:M:252:\\xde\\xad\\x00\\xef::/c:C");
	/* A backslash that no x follows is one, and so is what it is followed by. */
	WRITE_FORMAT(
		";bytes;M;7;\377\\x3a\\\\x00\n\1:;\\x00\377\\xff\\x5c\\x0a\1\\x7f\\x00\\x00\\x80;bytes;PO");
}

static void check(void)
{
	char interpreter[LONGEST], name[256], text[4096];

	fill_interpreter(interpreter);
	snprintf(text, sizeof(text), "enabled\ninterpreter %s\nflags: P\nextension .l\n",
		 interpreter + LONGEST - 1 - (LONGEST - 14));
	expect_text("/formats/long", text);
	fill_name(name);
	snprintf(text, sizeof(text), "/formats/%s", name);
	expect_text(text, "enabled\ninterpreter /bin/odd\nflags: \nextension .odd\n");
	expect_text("/formats/flags",
		    "enabled\ninterpreter /an interpreter\nflags: POC\nextension ..x y\t\n");
	expect_text("/formats/last bytes",
		    "enabled\ninterpreter /c\nflags: OC\noffset 252\nmagic dead00ef\n");
	expect_text("/formats/bytes",
		    "enabled\ninterpreter bytes\nflags: PO\noffset 7\nmagic ff3a5c5c7830300a013a\n"
		    "mask 00ffff5c0a017f000080\n");
}

const struct zdtm_case zdtm_case = {
	.about = "Formats with every flag, as long as can be, with bytes that nobody would choose.",
	.build = build,
	.check = check,
	.flavours = FLAVOUR_USERNS, /* the other one's are the host's */
};
