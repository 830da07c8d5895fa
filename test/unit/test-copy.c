// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/copy.h"
#include "model/set.h"
#include "test/unit/help.h"

static const struct rebind_restore_options options_none;

/* A root of the caller's, with a tmpfs that each copy needs for itself. */
static const struct row first_rows[] = {
	{ 1, 0, "/", MOUNT_ROOT },
	{ 2, 1, "/tmp", MOUNT_INTERNAL },
};
/* A namespace that was pivoted into a tmpfs. */
static const struct row second_rows[] = { { 11, 10, "/", MOUNT_INTERNAL } };

static void what_belongs_to_one_alone_is_made_anew(void **state)
{
	cleanup_tree struct mount_tree tree;
	cleanup_free bool *anew = NULL;

	help_tree(&tree, first_rows, ARRAY_SIZE(first_rows));
	assert_ok(copy_plan(&tree, &options_none, &anew));
	assert_non_null(anew);
	assert_false(anew[0]);
	assert_true(anew[1]);
}

static void a_set_is_not_copied(void **state)
{
	cleanup_tree struct mount_tree first, second, set = { .root = MOUNT_NONE };
	cleanup_free bool *anew = NULL;
	struct tree_fault fault;

	help_tree(&first, first_rows, ARRAY_SIZE(first_rows));
	help_tree(&second, second_rows, ARRAY_SIZE(second_rows));
	assert_ok(set_add(&set, &first, 1));
	assert_ok(set_add(&set, &second, 2));
	assert_ok(tree_link(&set, &fault));
	assert_ok(copy_plan(&set, &options_none, &anew));
	assert_null(anew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_belongs_to_one_alone_is_made_anew),
		cmocka_unit_test(a_set_is_not_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
