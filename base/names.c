// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/names.h"

#include <string.h>

struct name {
	const char *text;
	uint32_t size, value;
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

int names_reserve(struct names *names, uint32_t n)
{
	struct name *list = n > names->room ? realloc(names->list, n * sizeof(*list)) : names->list;

	if (n && !list)
		return -ENOMEM;
	names->list = list;
	names->room = n > names->room ? n : names->room;
	return table_reserve(&names->table, n);
}

int names_put(struct names *names, const char *text, size_t size, uint32_t value)
{
	uint64_t key;
	struct name *found = find(names, text, size, &key);

	if (found) {
		found->value = value;
		return 0;
	}
	int err = names->n < names->room ? 0 : names_reserve(names, 2 * names->n + 1);

	if (!err)
		err = table_put(&names->table, key, names->n, NULL);
	if (!err)
		names->list[names->n++] = (struct name){ text, (uint32_t)size, value };
	return err;
}
