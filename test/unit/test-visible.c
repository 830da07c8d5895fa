// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/visible.h"
#include "test/unit/help.h"

static void a_place_is_hidden_by_what_is_mounted_above_it(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/" },	      { 2, 1, "/a/b/c" }, { 3, 1, "/a" },    { 4, 3, "/a/b" },
		{ 5, 2, "/a/b/c/d" }, { 6, 1, "/ab" },	  { 7, 6, "/ab" },   { 8, 6, "/ab/x" },
		{ 9, 7, "/ab/x" },    { 10, 1, "/z/y" },  { 11, 1, "/z-y" },
	};
	static const bool visible[] = { true, false, true, true, false, true,
					true, false, true, true, true };
	cleanup_visible struct visible v = { 0 };
	cleanup_tree struct mount_tree tree;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	assert_ok(visible_find_all(&tree, &v));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (tree.mounts[i].visible != visible[i])
			fail_msg("mount %u '%s'", tree.mounts[i].id, tree.mounts[i].mountpoint);
	assert_int_equal(visible_at(&tree, &v, "/ab")->id, 7);
	assert_int_equal(visible_at(&tree, &v, "/ab/x")->id, 9);
	assert_int_equal(visible_at(&tree, &v, "/")->id, 1);
	assert_null(visible_at(&tree, &v, "/a/b/c"));
	assert_null(visible_at(&tree, &v, "/a/"));
	assert_null(visible_at(&tree, &v, ""));
}

static void a_covered_root_hides_all_that_was_mounted_before(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/" }, { 2, 1, "/" }, { 3, 1, "/a" }, { 4, 2, "/a" }, { 5, 3, "/a/b" },
	};
	cleanup_visible struct visible v = { 0 };
	cleanup_tree struct mount_tree tree;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	assert_ok(visible_find_all(&tree, &v));
	assert_int_equal(visible_at(&tree, &v, "/")->id, 2);
	assert_int_equal(visible_at(&tree, &v, "/a")->id, 4);
	assert_null(visible_at(&tree, &v, "/a/b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_is_hidden_by_what_is_mounted_above_it),
		cmocka_unit_test(a_covered_root_hides_all_that_was_mounted_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
