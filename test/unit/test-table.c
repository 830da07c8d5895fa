// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/table.h"
#include "test/unit/help.h"

static void an_empty_table_has_nothing(void **state)
{
	struct table table = { 0 };

	assert_int_equal(table_get(&table, 0), TABLE_NONE);
	assert_int_equal(table_get(&table, UINT64_MAX), TABLE_NONE);
	table_free(&table);
}

static void a_value_can_be_replaced_and_the_old_one_is_told(void **state)
{
	cleanup_table struct table table = { 0 };
	uint32_t old = 5;

	assert_ok(table_put(&table, 0, 1, &old));
	assert_int_equal(old, TABLE_NONE);
	assert_ok(table_put(&table, 0, 2, &old));
	assert_int_equal(old, 1);
	assert_ok(table_put(&table, 0, 0, NULL));
	assert_int_equal(table_get(&table, 0), 0);
	assert_int_equal(table.used, 1);
}

/* Keys of many kinds: dense, sparse, alike in their lower bits. */
static uint64_t key(uint32_t kind, uint64_t i)
{
	return kind == 0 ? i : kind == 1 ? i << 32 : kind == 2 ? i << 48 | 77 : ~i;
}

static void a_hundred_thousand_keys_are_all_found_again_while_it_grows(void **state)
{
	for (uint32_t kind = 0; kind < 4; kind++) {
		cleanup_table struct table table = { 0 };
		uint32_t n = kind == 2 ? 60000 : 100000;

		for (uint32_t i = 0; i < n; i++) {
			uint32_t old;

			assert_ok(table_put(&table, key(kind, i), i, &old));
			assert_int_equal(old, TABLE_NONE);
		}
		assert_int_equal(table.used, n);
		for (uint32_t i = 0; i < n; i++)
			assert_int_equal(table_get(&table, key(kind, i)), i);
		for (uint32_t i = n; i < n + 1000; i++)
			assert_int_equal(table_get(&table, key(kind, i)), TABLE_NONE);
		/* Never full: a look-up ends. */
		assert_true(table.used * 4 <= (table.mask + 1) * 3);
	}
}

static void room_that_was_asked_for_is_enough(void **state)
{
	cleanup_table struct table table = { 0 };

	for (uint32_t i = 0; i < 100; i++)
		assert_ok(table_put(&table, i, i, NULL));
	assert_ok(table_reserve(&table, 50000));
	const uint64_t *keys = table.keys;

	for (uint32_t i = 100; i < 50000; i++)
		assert_ok(table_put(&table, i, i, NULL));
	assert_ptr_equal(table.keys, keys);
	for (uint32_t i = 0; i < 50000; i++)
		assert_int_equal(table_get(&table, i), i);
	assert_ok(table_reserve(&table, 1));
	assert_ptr_equal(table.keys, keys);
}

static void keys_that_fall_into_one_slot_are_told_apart(void **state)
{
	cleanup_table struct table table = { 0 };
	uint64_t same[8];
	size_t n = 0;

	/* Those that land on the slot of key 0 of the smallest table. */
	for (uint64_t k = 0; n < ARRAY_SIZE(same); k++) {
		struct table probe = { 0 };

		assert_ok(table_put(&probe, k, 1, NULL));
		if (probe.values[0] == 1)
			same[n++] = k;
		table_free(&probe);
	}
	for (n = 0; n < ARRAY_SIZE(same); n++)
		assert_ok(table_put(&table, same[n], (uint32_t)n, NULL));
	assert_int_equal(table.mask, 15);
	for (n = 0; n < ARRAY_SIZE(same); n++)
		assert_int_equal(table_get(&table, same[n]), n);
}

static void bytes_hash_by_content_and_length(void **state)
{
	assert_int_equal(table_hash_bytes("abc", 3), table_hash_bytes("abcd", 3));
	assert_true(table_hash_bytes("abc", 3) != table_hash_bytes("abd", 3));
	assert_true(table_hash_bytes("a\0b", 3) != table_hash_bytes("a\0c", 3));
	assert_true(table_hash_bytes("", 0) != table_hash_bytes("\0", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_table_has_nothing),
		cmocka_unit_test(a_value_can_be_replaced_and_the_old_one_is_told),
		cmocka_unit_test(a_hundred_thousand_keys_are_all_found_again_while_it_grows),
		cmocka_unit_test(room_that_was_asked_for_is_enough),
		cmocka_unit_test(keys_that_fall_into_one_slot_are_told_apart),
		cmocka_unit_test(bytes_hash_by_content_and_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
