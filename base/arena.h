/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings that live as long as their arena; equal strings are stored once. */
#ifndef REBIND_BASE_ARENA_H
#define REBIND_BASE_ARENA_H

#include "base/table.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;
	char *next; /* free room of the newest chunk */
	size_t room;
	struct table interned; /* hash -> index into common */
	const char **common;
	size_t n_common;
};

void arena_free(struct arena *arena);

/**
 * arena_copy - a NUL-terminated copy of @size bytes
 *
 * Return: the copy, owned by the arena, or NULL (no memory).
 */
const char *arena_copy(struct arena *arena, const char *text, size_t size);

/**
 * arena_intern - the arena's only copy of a string
 *
 * For what repeats: filesystem types, sources, options. Return: as arena_copy.
 */
const char *arena_intern(struct arena *arena, const char *text, size_t size);

#endif
