// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"

int strings_add(struct strings *strings, const char *text, size_t size)
{
	const char *string = arena_copy(&strings->texts, text, size);
	size_t room = strings->n + 1; /* with the NULL */

	/* Room doubles: it is full whenever that is a power of two. */
	if (string && (room & (room - 1)) == 0) {
		const char **list = realloc(strings->list, 2 * room * sizeof(*list));

		string = list ? string : NULL;
		strings->list = list ? list : strings->list;
	}
	if (!string)
		return -ENOMEM;
	strings->list[strings->n++] = string;
	strings->list[strings->n] = NULL;
	return 0;
}

int strings_print(struct strings *strings, const char *format, ...)
{
	char *made = NULL;
	va_list args;

	va_start(args, format);
	int n = vasprintf(&made, format, args);
	va_end(args);
	cleanup_free char *string = n < 0 ? NULL : made;

	return string ? strings_add(strings, string, (size_t)n) : -ENOMEM;
}

void strings_free(struct strings *strings)
{
	arena_free(&strings->texts);
	free(strings->list);
	*strings = (struct strings){ 0 };
}

int text_number(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n > 9 || strspn(text, "0123456789") != n)
		return -EINVAL;
	return (int)strtol(text, NULL, 10);
}

char *text_safe(const char *text)
{
	char *safe = path_printable(text), *end = safe;

	if (!safe)
		return NULL;
	for (const char *p = safe; *p;) {
		if (strncmp(p, "\\134", 4) == 0) {
			*end++ = '\\';
			p += 4;
		} else {
			*end++ = *p++;
		}
	}
	*end = '\0';
	return safe;
}

/* In what a quote is written as, after how it begins. */
static char *put_quoted(const char *text, const char *begin, const char *quote)
{
	size_t n = strlen(text), width = strlen(quote);
	char *out = malloc(strlen(begin) + n * width + 2), *end;

	if (!out)
		return NULL;
	end = stpcpy(out, begin);
	for (; *text; text++) {
		if (*text == '\'')
			end = stpcpy(end, quote);
		else
			*end++ = *text;
	}
	strcpy(end, "'");
	return out;
}

char *text_quoted(const char *format, ...)
{
	cleanup_free char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	cleanup_free char *safe = text ? text_safe(text) : NULL;
	cleanup_free char *printable = text ? path_printable(text) : NULL;

	if (!safe || !printable)
		return NULL;
	return strcmp(safe, text) == 0 ? put_quoted(text, "'", "'\\''")
				       : put_quoted(printable, "$'", "\\'");
}

char *text_ascii(const char *text)
{
	char *out = malloc(strlen(text) * 4 + 1), *end = out;

	if (!out)
		return NULL;
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p < 0x80)
			*end++ = (char)*p;
		else
			end += sprintf(end, "\\%03o", *p);
	}
	*end = '\0';
	return out;
}

bool text_has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = strstr(list, word); p; p = strstr(p + n, word))
		if ((p == list || p[-1] == ',') && (!p[n] || p[n] == ','))
			return true;
	return false;
}
