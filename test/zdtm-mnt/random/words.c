// SPDX-License-Identifier: LGPL-2.1-or-later
/* Lines of words. A line is text that a terminal, an editor and a shell's `read` leave alone. */
#include "random.h"

static void unescape(char *word)
{
	char *to = word;

	for (const char *from = word; *from; to++) {
		if (*from == '\\' && from[1] && from[2] && from[3]) {
			*to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

int words_split(char *line, char **words)
{
	int count = 0;

	for (char *word = strtok(line, " \n"); word && count < MAX_WORDS;
	     word = strtok(NULL, " \n")) {
		if (!strcmp(word, "-"))
			*word = '\0';
		unescape(word);
		words[count++] = word;
	}
	return count;
}

/* Appends a word to a line of LINE_SIZE bytes. No path is so long that it would not fit. */
void words_add(char *line, const char *word)
{
	char *end = line + strlen(line);

	if (end != line)
		*end++ = ' ';
	if (!*word || !strcmp(word, "-"))
		end += sprintf(end, "%s", *word ? "\\055" : "-");
	else
		for (; *word && end < line + LINE_SIZE - 8; word++) {
			unsigned char byte = (unsigned char)*word;

			if (byte <= ' ' || byte >= 0x7f || byte == '\\' || byte == '#')
				end += sprintf(end, "\\%03o", byte);
			else
				*end++ = (char)byte;
		}
	*end = '\0';
}
