// SPDX-License-Identifier: LGPL-2.1-or-later
#include "api/size.h"
#include "test/unit/help.h"

/* Three versions of a struct: of an older program, of this library, of a newer program. */
struct older {
	size_t size;
	int first;
};

struct now {
	size_t size;
	int first;
	int second;
	const char *third;
};

struct newer {
	struct now now;
	char fourth[64];
};

#define FIRST SIZE_FIRST(struct older, first)

static void a_smaller_struct_is_an_older_programs_and_has_no_more(void **state)
{
	const struct older older = { sizeof(older), 7 };
	struct now own;

	memset(&own, 0xff, sizeof(own));
	assert_ok(size_take(&older, FIRST, &own, sizeof(own)));
	assert_int_equal(own.size, sizeof(own));
	assert_int_equal(own.first, 7);
	assert_int_equal(own.third == NULL, true);
}

static void a_struct_below_its_first_version_is_refused(void **state)
{
	struct older older = { 0, 7 };
	struct now own, before;

	memset(&own, 0xff, sizeof(own));
	before = own;
	assert_int_equal(size_take(&older, FIRST, &own, sizeof(own)), -EINVAL);
	older.size = FIRST - 1;
	assert_int_equal(size_take(&older, FIRST, &own, sizeof(own)), -EINVAL);
	assert_int_equal(size_give(&older, FIRST, &own, sizeof(own)), -EINVAL);
	assert_memory_equal(&own, &before, sizeof(own));
}

static void a_larger_struct_works_unless_it_asks_for_more(void **state)
{
	struct newer newer = { { sizeof(newer), 7, 8, "9" }, "" };
	struct now own;

	assert_ok(size_take(&newer, FIRST, &own, sizeof(own)));
	assert_string_equal(own.third, "9");
	for (size_t i = 0; i < sizeof(newer.fourth); i++) {
		newer.fourth[i] = 1;
		assert_int_equal(size_take(&newer, FIRST, &own, sizeof(own)), -E2BIG);
		newer.fourth[i] = 0;
	}
}

static void a_callers_struct_is_filled_as_far_as_both_know_it(void **state)
{
	const struct now own = { sizeof(own), 7, 8, "9" };
	struct {
		struct older older;
		int behind;
	} old = { { sizeof(old.older), 0 }, 42 };
	struct newer newer = { { .size = sizeof(newer) }, "rubbish" };

	assert_ok(size_give(&old.older, FIRST, &own, sizeof(own)));
	assert_int_equal(old.older.first, 7);
	assert_int_equal(old.older.size, sizeof(old.older));
	assert_int_equal(old.behind, 42);
	assert_ok(size_give(&newer, FIRST, &own, sizeof(own)));
	assert_int_equal(newer.now.size, sizeof(own));
	assert_string_equal(newer.now.third, "9");
	assert_string_equal(newer.fourth, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_smaller_struct_is_an_older_programs_and_has_no_more),
		cmocka_unit_test(a_struct_below_its_first_version_is_refused),
		cmocka_unit_test(a_larger_struct_works_unless_it_asks_for_more),
		cmocka_unit_test(a_callers_struct_is_filled_as_far_as_both_know_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
