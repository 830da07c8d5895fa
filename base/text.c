// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include "base/path.h"

int strings_add(struct strings *strings, const char *text, size_t size)
{
	/* Room doubles: it is full whenever n is a power of two. */
	if ((strings->n & (strings->n - 1)) == 0) {
		size_t room = strings->n ? strings->n * 2 : 1;
		const char **list = realloc(strings->list, room * sizeof(*list));

		if (!list)
			return -ENOMEM;
		strings->list = list;
	}
	char *copy = strndup(text, size);

	if (!copy)
		return -ENOMEM;
	strings->list[strings->n++] = copy;
	return 0;
}

void strings_free(struct strings *strings)
{
	for (size_t i = 0; i < strings->n; i++)
		free((void *)strings->list[i]);
	free(strings->list);
	*strings = (struct strings){ 0 };
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
