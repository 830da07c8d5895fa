// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/arena.h"
#include "test/unit/help.h"

static void copies_stay_where_they_are(void **state)
{
	struct arena arena = { 0 };
	static const char *kept[3000];
	char text[32];

	for (int i = 0; i < 3000; i++) {
		int n = snprintf(text, sizeof(text), "string %d", i);

		kept[i] = arena_copy(&arena, text, (size_t)n);
	}
	for (int i = 0; i < 3000; i++) {
		snprintf(text, sizeof(text), "string %d", i);
		assert_string_equal(kept[i], text);
	}
	arena_free(&arena);
}

static void a_string_larger_than_a_chunk_is_kept_whole(void **state)
{
	struct arena arena = { 0 };
	cleanup_free char *large = malloc(100001);

	memset(large, 'x', 100000);
	large[100000] = '\0';
	const char *before = arena_copy(&arena, "before", 6);

	assert_string_equal(arena_copy(&arena, large, 100000), large);
	assert_string_equal(arena_copy(&arena, "", 0), "");
	assert_string_equal(arena_copy(&arena, "cut short", 3), "cut");
	assert_string_equal(before, "before");
	arena_free(&arena);
}

static void equal_strings_are_interned_once(void **state)
{
	struct arena arena = { 0 };
	const char *first = arena_intern(&arena, "tmpfs", 5);
	char text[32];

	for (int i = 0; i < 2000; i++) {
		int n = snprintf(text, sizeof(text), "other %d", i);
		const char *once = arena_intern(&arena, text, (size_t)n);

		assert_ptr_equal(arena_intern(&arena, text, (size_t)n), once);
	}
	assert_ptr_equal(arena_intern(&arena, "tmpfs2", 5), first);
	assert_ptr_not_equal(arena_intern(&arena, "tmpf", 4), first);
	assert_ptr_not_equal(arena_copy(&arena, "tmpfs", 5), first);
	arena_free(&arena);
	assert_null(arena.chunks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_stay_where_they_are),
		cmocka_unit_test(a_string_larger_than_a_chunk_is_kept_whole),
		cmocka_unit_test(equal_strings_are_interned_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
