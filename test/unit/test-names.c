// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/names.h"

#include <stdio.h>

#include "test/unit/help.h"

static void a_string_is_found_by_its_bytes_and_not_by_its_address(void **state)
{
	cleanup_names struct names names = { 0 };
	char again[] = "one";

	assert_int_equal(names_get(&names, "one", 3), TABLE_NONE);
	assert_ok(names_put(&names, "one", 3, 1));
	assert_int_equal(names_get(&names, again, 3), 1);
	assert_int_equal(names_get(&names, "one, and more", 3), 1);
	assert_int_equal(names_get(&names, "on", 2), TABLE_NONE);
	assert_int_equal(names_get(&names, "", 0), TABLE_NONE);
	assert_ok(names_put(&names, again, 3, 7));
	assert_int_equal(names_get(&names, "one", 3), 7);
	assert_int_equal(names.n, 1);
}

static void strings_of_one_hash_are_told_apart(void **state)
{
	cleanup_names struct names names = { 0 };

	assert_ok(names_put(&names, "a", 1, 1));
	/* As if "b" had the hash of "a": what stands at its key is another string. */
	assert_ok(table_put(&names.table, table_hash_bytes("b", 1), 0, NULL));
	assert_int_equal(names_get(&names, "b", 1), TABLE_NONE);
	assert_ok(names_put(&names, "b", 1, 2));
	assert_int_equal(names_get(&names, "a", 1), 1);
	assert_int_equal(names_get(&names, "b", 1), 2);
}

static void many_are_all_found_again(void **state)
{
	enum { N = 20000, SIZE = 16 };
	cleanup_names struct names names = { 0 };
	cleanup_free char *texts = calloc(N, SIZE);

	for (uint32_t i = 0; i < N; i++) {
		snprintf(texts + i * SIZE, SIZE, "/data/%u", i);
		assert_ok(names_put(&names, texts + i * SIZE, strlen(texts + i * SIZE), i));
	}
	for (uint32_t i = 0; i < N; i++)
		assert_int_equal(names_get(&names, texts + i * SIZE, strlen(texts + i * SIZE)), i);
	assert_int_equal(names_get(&names, "/data/20000", 11), TABLE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_string_is_found_by_its_bytes_and_not_by_its_address),
		cmocka_unit_test(strings_of_one_hash_are_told_apart),
		cmocka_unit_test(many_are_all_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
