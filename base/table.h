/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A hash table from 64-bit keys to 32-bit values: what keeps every lookup out of a loop. */
#ifndef REBIND_BASE_TABLE_H
#define REBIND_BASE_TABLE_H

#include "base/util.h"

#define TABLE_NONE UINT32_MAX

struct table {
	uint64_t *keys;
	uint32_t *values; /* TABLE_NONE: the slot is free */
	size_t mask;	  /* slots - 1; 0 slots when keys is NULL */
	size_t used;
};

void table_free(struct table *table);
#define cleanup_table cleanup(table_free)

/**
 * table_get - Return: the value of @key, or TABLE_NONE.
 */
uint32_t table_get(const struct table *table, uint64_t key);

/**
 * table_put - set the value of @key
 * @value: anything but TABLE_NONE
 * @ret_old: the value it had, or TABLE_NONE; may be NULL
 *
 * Return: 0 or -ENOMEM.
 */
int table_put(struct table *table, uint64_t key, uint32_t value, uint32_t *ret_old);

/**
 * table_reserve - have room for so many keys: a table that grows step by step is copied each time
 *
 * Return: 0 or -ENOMEM.
 */
int table_reserve(struct table *table, size_t n);

/**
 * table_hash_bytes - a 64-bit hash of a byte string, for callers that key by name
 *
 * Another one in each process: who writes an image cannot choose strings that meet. Equal hashes do
 * not prove equal strings all the same: compare them, or use base/names.h.
 */
uint64_t table_hash_bytes(const void *data, size_t size);

#endif
