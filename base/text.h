/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings: lists of them, and what of them a terminal may see. */
#ifndef REBIND_BASE_TEXT_H
#define REBIND_BASE_TEXT_H

#include "base/arena.h"

/* Strings that belong to the list. Zeroed, it is empty; else a NULL follows the last one. */
struct strings {
	const char **list;
	size_t n;
	struct arena texts;
};

/**
 * strings_add - append a copy of the first @size bytes of @text
 *
 * Return: 0 or -ENOMEM.
 */
int strings_add(struct strings *strings, const char *text, size_t size);

/**
 * strings_print - append what printf(3) would print
 *
 * Return: 0 or -ENOMEM.
 */
int strings_print(struct strings *strings, const char *format, ...) printf_like(2, 3);
void strings_free(struct strings *strings);

/**
 * text_has_word - is a word one of a list like "ro,nosuid"
 */
bool text_has_word(const char *list, const char *word);

/**
 * text_number - a decimal number of at most nine digits, without a sign
 *
 * Return: the number, or -EINVAL.
 */
int text_number(const char *text);

/**
 * text_safe - a sentence without what would steer a terminal
 *
 * As path_printable(), but a backslash stays: sentences are for people, paths can be read back.
 * Return: a malloc()ed string, or NULL (no memory).
 */
char *text_safe(const char *text);

/**
 * text_quoted - a word that a shell takes for these bytes: 'word', or $'w\ord' with \ooo for what a
 * terminal should not see
 *
 * Return: a malloc()ed string of printable characters, or NULL (no memory).
 */
char *text_quoted(const char *format, ...) printf_like(1, 2);

/**
 * text_ascii - a printable string with every byte above 0x7f as \ooo, for terminals without UTF-8
 *
 * Return: a malloc()ed string, or NULL (no memory).
 */
char *text_ascii(const char *text);

#endif
