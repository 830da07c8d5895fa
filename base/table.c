// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/table.h"

#include <string.h>
#include <sys/auxv.h>

#include "base/pages.h"

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

static bool has_room(size_t slots, size_t n)
{
	return n * 4 <= slots * 3;
}

static int table_grow(struct table *table, size_t slots)
{
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
	pages_use(larger.keys, slots * sizeof(*larger.keys));
	pages_use(larger.values, slots * sizeof(*larger.values));
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

int table_reserve(struct table *table, size_t n)
{
	size_t slots = table->keys ? table->mask + 1 : 16;

	if (table->keys && has_room(slots, n))
		return 0;
	while (!has_room(slots, n))
		slots *= 2;
	return table_grow(table, slots);
}

int table_put(struct table *table, uint64_t key, uint32_t value, uint32_t *ret_old)
{
	int err = table_reserve(table, table->used + 1);

	if (err)
		return err;
	size_t slot = slot_of(table, key);

	if (ret_old)
		*ret_old = table->values[slot];
	if (table->values[slot] == TABLE_NONE)
		table->used++;
	table->keys[slot] = key;
	table->values[slot] = value;
	return 0;
}

/* The state of SipHash (Aumasson and Bernstein, 2012): one round for each word, three at the end.
 */
struct sip {
	uint64_t a, b, c, d;
};

static uint64_t rotate(uint64_t word, int by)
{
	return word << by | word >> (64 - by);
}

static void sip_round(struct sip *s)
{
	s->a += s->b;
	s->c += s->d;
	s->b = rotate(s->b, 13) ^ s->a;
	s->d = rotate(s->d, 16) ^ s->c;
	s->a = rotate(s->a, 32) + s->d;
	s->c += s->b;
	s->b = rotate(s->b, 17) ^ s->c;
	s->d = rotate(s->d, 21) ^ s->a;
	s->c = rotate(s->c, 32);
}

static void sip_take(struct sip *s, uint64_t word)
{
	s->d ^= word;
	sip_round(s);
	s->a ^= word;
}

/* Sixteen bytes by chance, which the kernel gives every process (getauxval(3)). */
static struct sip sip_start(void)
{
	const void *chance = (const void *)getauxval(AT_RANDOM);
	uint64_t key[2] = { 0 };

	if (chance)
		memcpy(key, chance, sizeof(key));
	return (struct sip){ key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
			     key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573 };
}

uint64_t table_hash_bytes(const void *data, size_t size)
{
	struct sip s = sip_start();
	const char *p = data;
	uint64_t word = 0;

	for (size_t n = size / sizeof(word); n; n--, p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sip_take(&s, word);
	}
	word = 0;
	memcpy(&word, p, size % sizeof(word));
	sip_take(&s, word | (uint64_t)size << 56);
	s.c ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(&s);
	return s.a ^ s.b ^ s.c ^ s.d;
}
