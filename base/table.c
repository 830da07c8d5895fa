// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/table.h"

#include <string.h>

void table_free(struct table *table)
{
	free(table->keys);
	free(table->values);
	*table = (struct table){ 0 };
}

/* The finalizer of splitmix64: ids are small and dense, their bits must spread. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static size_t slot_of(const struct table *table, uint64_t key)
{
	size_t slot = mix(key) & table->mask;

	while (table->values[slot] != TABLE_NONE && table->keys[slot] != key)
		slot = (slot + 1) & table->mask;
	return slot;
}

uint32_t table_get(const struct table *table, uint64_t key)
{
	return table->keys ? table->values[slot_of(table, key)] : TABLE_NONE;
}

static int grow(struct table *table)
{
	size_t slots = table->keys ? (table->mask + 1) * 2 : 16;
	struct table larger = {
		.keys = malloc(slots * sizeof(*larger.keys)),
		.values = malloc(slots * sizeof(*larger.values)),
		.mask = slots - 1,
		.used = table->used,
	};

	if (!larger.keys || !larger.values) {
		table_free(&larger);
		return -ENOMEM;
	}
	memset(larger.values, 0xff, slots * sizeof(*larger.values));
	for (size_t i = 0; table->keys && i <= table->mask; i++) {
		if (table->values[i] == TABLE_NONE)
			continue;
		size_t slot = slot_of(&larger, table->keys[i]);

		larger.keys[slot] = table->keys[i];
		larger.values[slot] = table->values[i];
	}
	table_free(table);
	*table = larger;
	return 0;
}

int table_put(struct table *table, uint64_t key, uint32_t value, uint32_t *ret_old)
{
	if (!table->keys || (table->used + 1) * 4 > (table->mask + 1) * 3) {
		int err = grow(table);

		if (err)
			return err;
	}
	size_t slot = slot_of(table, key);

	if (ret_old)
		*ret_old = table->values[slot];
	if (table->values[slot] == TABLE_NONE)
		table->used++;
	table->keys[slot] = key;
	table->values[slot] = value;
	return 0;
}

uint64_t table_hash_bytes(const void *data, size_t size)
{
	const unsigned char *p = data;
	uint64_t hash = 0xcbf29ce484222325ULL;

	/* FNV-1a; table_get mixes it once more. */
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ p[i]) * 0x100000001b3ULL;
	return hash;
}
