// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/names.h"

#include <string.h>

struct name {
	const char *text;
	size_t size;
	uint32_t value;
};

void names_free(struct names *names)
{
	table_free(&names->table);
	free(names->list);
	*names = (struct names){ 0 };
}

/* The name itself, or NULL, and the key that is its own or would be: nothing is ever removed. */
static struct name *find(const struct names *names, const char *text, size_t size,
			 uint64_t *ret_key)
{
	uint32_t i;

	for (uint64_t key = table_hash_bytes(text, size);; key++) {
		i = table_get(&names->table, key);
		*ret_key = key;
		if (i == TABLE_NONE)
			return NULL;
		if (names->list[i].size == size && memcmp(names->list[i].text, text, size) == 0)
			return &names->list[i];
	}
}

uint32_t names_get(const struct names *names, const char *text, size_t size)
{
	uint64_t key;
	const struct name *found = find(names, text, size, &key);

	return found ? found->value : TABLE_NONE;
}

/* Room for one more: doubled when it is full, at a power of two. */
static int names_grow(struct names *names)
{
	if (names->n & (names->n - 1))
		return 0;
	size_t room = names->n ? 2 * (size_t)names->n : 1;
	struct name *list = realloc(names->list, room * sizeof(*list));

	if (!list)
		return -ENOMEM;
	names->list = list;
	return 0;
}

int names_put(struct names *names, const char *text, size_t size, uint32_t value)
{
	uint64_t key;
	struct name *found = find(names, text, size, &key);

	if (found) {
		found->value = value;
		return 0;
	}
	int err = names_grow(names);

	if (!err)
		err = table_put(&names->table, key, names->n, NULL);
	if (!err)
		names->list[names->n++] = (struct name){ text, size, value };
	return err;
}
