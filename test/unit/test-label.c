// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/label.h"
#include "test/unit/help.h"

#define PODMAN "context=\"system_u:object_r:container_file_t:s0:c390,c721\""

static void labels_are_found(void **state)
{
	assert_true(label_any("size=4k," PODMAN, NULL));
	assert_true(label_any(PODMAN ",size=4k", "context"));
	assert_true(label_any("rootcontext=a", NULL));
	assert_false(label_any("rootcontext=a", "context"));
	assert_false(label_any("size=4k,mode=755", NULL));
	assert_false(label_any("seclabel", NULL));
	assert_false(label_any("contexts=a", NULL));
	assert_false(label_any("", NULL));
}

static void labels_are_dropped_wherever_they_stand(void **state)
{
	static const struct {
		const char *options, *without;
	} cases[] = {
		{ PODMAN, "" },
		{ PODMAN ",size=4k,mode=755", "size=4k,mode=755" },
		{ "size=4k," PODMAN ",mode=755", "size=4k,mode=755" },
		{ "size=4k,fscontext=a,defcontext=b,rootcontext=c", "size=4k" },
		{ "size=4k", "size=4k" },
		{ "", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *text = label_drop_all(cases[i].options);

		assert_string_equal(text, cases[i].without);
	}
}

static void a_context_is_replaced_and_quoted_if_it_must_be(void **state)
{
	static const struct {
		const char *options, *context, *after;
	} cases[] = {
		{ PODMAN ",size=4k", "u:r:t:s0", "context=u:r:t:s0,size=4k" },
		{ "size=4k,context=a", "u:r:t:s0:c1,c2", "size=4k,context=\"u:r:t:s0:c1,c2\"" },
		{ "rootcontext=a,size=4k", "b", "rootcontext=a,size=4k" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_free char *text = label_replace(cases[i].options, cases[i].context);

		assert_string_equal(text, cases[i].after);
	}
}

static void what_is_no_context_is_said(void **state)
{
	assert_null(label_fault("system_u:object_r:container_file_t:s0:c390,c721"));
	assert_non_null(label_fault(""));
	assert_non_null(label_fault("a\"b"));
	assert_non_null(label_fault("a b"));
	assert_non_null(label_fault("a\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_found),
		cmocka_unit_test(labels_are_dropped_wherever_they_stand),
		cmocka_unit_test(a_context_is_replaced_and_quoted_if_it_must_be),
		cmocka_unit_test(what_is_no_context_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
