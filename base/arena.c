// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/arena.h"

#include <string.h>

#define CHUNK_SIZE 16384

struct arena_chunk {
	struct arena_chunk *older;
	char data[];
};

void arena_free(struct arena *arena)
{
	while (arena->chunks) {
		struct arena_chunk *older = arena->chunks->older;

		free(arena->chunks);
		arena->chunks = older;
	}
	table_free(&arena->interned);
	free(arena->common);
	*arena = (struct arena){ 0 };
}

static int add_chunk(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = malloc(sizeof(*chunk) + size);

	if (!chunk)
		return -ENOMEM;
	chunk->older = arena->chunks;
	arena->chunks = chunk;
	arena->next = chunk->data;
	arena->room = size;
	return 0;
}

const char *arena_copy(struct arena *arena, const char *text, size_t size)
{
	size_t need = size + 1;

	if (need > arena->room && add_chunk(arena, need > CHUNK_SIZE ? need : CHUNK_SIZE))
		return NULL;
	char *copy = arena->next;

	if (size)
		memcpy(copy, text, size);
	copy[size] = '\0';
	arena->next += need;
	arena->room -= need;
	return copy;
}

static const char *add_common(struct arena *arena, const char *text, size_t size, uint64_t hash)
{
	if ((arena->n_common & (arena->n_common - 1)) == 0) {
		size_t room = arena->n_common ? arena->n_common * 2 : 1;
		const char **common = realloc(arena->common, room * sizeof(*common));

		if (!common)
			return NULL;
		arena->common = common;
	}
	const char *copy = arena_copy(arena, text, size);

	if (!copy || table_put(&arena->interned, hash, (uint32_t)arena->n_common, NULL))
		return NULL;
	arena->common[arena->n_common++] = copy;
	return copy;
}

const char *arena_intern(struct arena *arena, const char *text, size_t size)
{
	uint64_t hash = table_hash_bytes(text, size);
	uint32_t found = table_get(&arena->interned, hash);

	if (found == TABLE_NONE)
		return add_common(arena, text, size, hash);
	const char *common = arena->common[found];

	/* Two strings with one hash: the second is stored for itself. */
	if (strlen(common) == size && memcmp(common, text, size) == 0)
		return common;
	return arena_copy(arena, text, size);
}
