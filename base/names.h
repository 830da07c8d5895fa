/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table from byte strings to 32-bit values. Where two strings have one hash they are told apart.
 */
#ifndef REBIND_BASE_NAMES_H
#define REBIND_BASE_NAMES_H

#include "base/table.h"

struct names {
	struct table table; /* hash, or one of the next numbers -> index */
	struct name *list;
	uint32_t n, room;
};

void names_free(struct names *names);
#define cleanup_names cleanup(names_free)

/**
 * names_get - Return: the value of a string, or TABLE_NONE.
 * @text: need not be terminated
 * @size: of it, in bytes
 */
uint32_t names_get(const struct names *names, const char *text, size_t size);

/**
 * names_reserve - have room for so many strings
 *
 * Return: 0 or -ENOMEM.
 */
int names_reserve(struct names *names, uint32_t n);

/**
 * names_put - set the value of a string
 * @text: borrowed as long as the table lives
 * @size: less than 4 GiB
 * @value: anything but TABLE_NONE
 *
 * Return: 0 or -ENOMEM.
 */
int names_put(struct names *names, const char *text, size_t size, uint32_t value);

#endif
