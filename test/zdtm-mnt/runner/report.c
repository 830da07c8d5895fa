// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a trial says of itself: diagnostic lines of TAP on its stdout. */
#include "runner.h"

#define LINE_MAX_SHOWN 1000 /* options of overlays go on for pages */

static bool complained;

bool has_complaints(void)
{
	return complained;
}

/* Each line of the text as a comment, with bytes that a terminal or a parser may not like escaped.
 */
static void comment(const char *prefix, const char *text)
{
	size_t column = 0;

	printf("# %s", prefix);
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '\n' && c[1]) {
			printf("\n# %s", prefix);
			column = 0;
		} else if (*c == '\n') {
			break;
		} else if (column++ >= LINE_MAX_SHOWN) {
			if (column == LINE_MAX_SHOWN + 1)
				printf("...");
		} else if (*c < ' ' || *c == 0x7f || *c >= 0x80) {
			printf("\\%03o", *c);
		} else {
			putchar(*c);
		}
	}
	putchar('\n');
	fflush(stdout);
}

static void report(const char *format, va_list args)
{
	char *string;

	complained = true;
	if (vasprintf(&string, format, args) < 0)
		abort();
	comment("", string);
	free(string);
}

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(format, args);
	va_end(args);
}

void give_up(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report(format, args);
	va_end(args);
	exit(1);
}

void quote_lines(const char *title, const char *text)
{
	if (!*text)
		return;
	comment("", title);
	comment("  | ", text);
}
