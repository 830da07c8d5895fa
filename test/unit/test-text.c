// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/text.h"
#include "test/unit/help.h"

static void a_word_of_a_list_is_a_whole_one(void **state)
{
	assert_true(text_has_word("ro", "ro"));
	assert_true(text_has_word("rw,ro", "ro"));
	assert_true(text_has_word("error,ro,x", "ro"));
	assert_false(text_has_word("error", "ro"));
	assert_false(text_has_word("rox,xro", "ro"));
	assert_false(text_has_word("", "ro"));
}

static void a_number_has_digits_alone(void **state)
{
	assert_int_equal(text_number("0"), 0);
	assert_int_equal(text_number("010"), 10);
	assert_int_equal(text_number("999999999"), 999999999);
	assert_int_equal(text_number("1000000000"), -EINVAL);
	assert_int_equal(text_number(""), -EINVAL);
	assert_int_equal(text_number("-1"), -EINVAL);
	assert_int_equal(text_number("1 "), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_of_a_list_is_a_whole_one),
		cmocka_unit_test(a_number_has_digits_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
