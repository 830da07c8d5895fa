/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line of a configuration file as words, for the plugins beside this file. */
#ifndef REBIND_PLUGINS_WORDS_H
#define REBIND_PLUGINS_WORDS_H

#include <stddef.h>

static inline int words_is_octal(const char *text)
{
	for (int i = 0; i < 3; i++)
		if (text[i] < '0' || text[i] > '7')
			return 0;
	return text[0] < '4';
}

/* What follows a backslash: three octal digits are a byte, as in mountinfo; else the next one. */
static inline char words_escaped(const char **from)
{
	const char *text = *from;

	if (!words_is_octal(text)) {
		*from += *text != '\0';
		return *text;
	}
	*from += 3;
	return (char)((text[0] - '0') * 64 + (text[1] - '0') * 8 + (text[2] - '0'));
}

/**
 * words_next - cut the next word off, in place
 * @rest: where to go on; moved behind the word
 * @wrong: set to what is wrong, if something is
 *
 * Words are apart by blanks. A backslash takes the next byte as it is, or three octal digits; "..."
 * keeps blanks and '#'. '#' at the beginning of a word ends the line.
 *
 * Return: the word, or NULL at the end of the line.
 */
static inline char *words_next(char **rest, const char **wrong)
{
	const char *from = *rest;
	int quoted = 0;

	while (*from == ' ' || *from == '\t' || *from == '\n' || *from == '\r')
		from++;
	if (!*from || *from == '#')
		return NULL;
	char *word = (char *)from, *to = word;

	while (*from &&
	       (quoted || (*from != ' ' && *from != '\t' && *from != '\n' && *from != '\r'))) {
		char c = *from++;

		if (c == '"')
			quoted = !quoted;
		else
			*to++ = c == '\\' ? words_escaped(&from) : c;
	}
	if (quoted)
		*wrong = "a quote is not closed";
	*rest = (char *)from + (*from != '\0');
	*to = '\0';
	return word;
}

#endif
