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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_word_of_a_list_is_a_whole_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
