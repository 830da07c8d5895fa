// SPDX-License-Identifier: LGPL-2.1-or-later
#include <time.h>

#include "test/unit/help.h"

static void an_id_that_two_mounts_have_is_refused(void **state)
{
	static const struct row rows[] = { { 1, 0, "/" }, { 2, 1, "/a" }, { 2, 1, "/b" } };
	cleanup_tree struct mount_tree tree;
	struct tree_fault fault = { 0 };

	assert_int_equal(help_link(&tree, rows, 3, &fault), -EBADMSG);
	assert_int_equal(fault.id, 2);
	assert_string_equal(fault.reason, "has the id of another mount");
}

static void a_second_root_is_refused(void **state)
{
	static const struct row rows[] = { { 1, 0, "/" }, { 2, 77, "/a" } };
	cleanup_tree struct mount_tree tree;
	struct tree_fault fault = { 0 };

	assert_int_equal(help_link(&tree, rows, 2, &fault), -EBADMSG);
	assert_int_equal(fault.id, 2);
	assert_non_null(strstr(fault.reason, "not the only one"));
}

static void a_mount_that_is_its_own_parent_is_a_root_and_only_one_may_be(void **state)
{
	static const struct row rows[] = { { 1, 1, "/" }, { 2, 1, "/a" }, { 3, 3, "/b" } };
	cleanup_tree struct mount_tree good, bad;
	struct tree_fault fault = { 0 };

	assert_ok(help_link(&good, rows, 2, &fault));
	assert_int_equal(good.root, 0);
	assert_int_equal(help_link(&bad, rows, 3, &fault), -EBADMSG);
	assert_int_equal(fault.id, 3);
}

static void a_tree_without_mounts_is_refused(void **state)
{
	cleanup_tree struct mount_tree tree;
	struct tree_fault fault = { .id = 7 };

	assert_int_equal(help_link(&tree, NULL, 0, &fault), -EBADMSG);
	assert_int_equal(fault.id, 0);
	assert_non_null(fault.reason);
}

static void mounts_that_are_their_own_ancestors_are_refused(void **state)
{
	static const struct row beside[] = { { 1, 0, "/" }, { 2, 3, "/a" }, { 3, 2, "/a" } };
	static const struct row alone[] = { { 2, 3, "/a" }, { 3, 2, "/a" } };
	cleanup_tree struct mount_tree with_root, without;
	struct tree_fault fault = { 0 };

	assert_int_equal(help_link(&with_root, beside, 3, &fault), -EBADMSG);
	assert_int_equal(fault.id, 2);
	assert_string_equal(fault.reason, "is among its own parents");
	assert_int_equal(help_link(&without, alone, 2, &fault), -EBADMSG);
	assert_string_equal(fault.reason, "belongs to a tree without root");
}

static void a_mountpoint_must_lie_below_that_of_its_parent(void **state)
{
	static const struct {
		const char *parent, *path;
		int result;
	} cases[] = {
		{ "/a", "/a/b", 0 },	 { "/a", "/a", 0 },	     { "/a", "/ab", -EBADMSG },
		{ "/a", "/", -EBADMSG }, { "/a/b", "/a", -EBADMSG }, { "/", "/x", 0 },
		{ "/a", "b", -EBADMSG }, { "/a", "", -EBADMSG },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct row rows[] = { { 1, 0, "/" },
					    { 2, 1, cases[i].parent },
					    { 3, 2, cases[i].path } };
		cleanup_tree struct mount_tree tree;
		struct tree_fault fault = { 0 };

		assert_int_equal(help_link(&tree, rows, 3, &fault), cases[i].result);
		assert_int_equal(fault.id, cases[i].result ? 3 : 0);
	}
}

static void two_mounts_of_one_parent_at_one_place_are_refused(void **state)
{
	static const struct row rows[] = { { 1, 0, "/" }, { 2, 1, "/a" }, { 3, 1, "/a" } };
	cleanup_tree struct mount_tree tree;
	struct tree_fault fault = { 0 };

	assert_int_equal(help_link(&tree, rows, 3, &fault), -EBADMSG);
	assert_true(fault.id == 2 || fault.id == 3);
	assert_non_null(strstr(fault.reason, "parent and the mountpoint of another"));
}

static void children_stand_by_descending_bytes_so_that_no_place_is_covered(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/" },	    { 2, 1, "/a" },    { 3, 1, "/a/b" }, { 4, 1, "/a-b" },
		{ 5, 1, "/a/b/c" }, { 6, 1, "/\xff" }, { 7, 1, "/a b" },
	};
	static const char *const order[] = { "/\xff", "/a/b/c", "/a/b", "/a-b", "/a b", "/a" };
	cleanup_tree struct mount_tree tree;
	uint32_t child, n = 0;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	for (child = tree.mounts[tree.root].first_child; child != MOUNT_NONE;
	     child = tree.mounts[child].next)
		assert_string_equal(tree.mounts[child].mountpoint, order[n++]);
	assert_int_equal(n, ARRAY_SIZE(order));
}

static void records_may_stand_in_any_order(void **state)
{
	static const struct row rows[] = {
		{ 9, 5, "/a/b/c" }, { 5, 3, "/a/b" }, { 3, 1, "/a" }, { 1, 0, "/" }, { 4, 1, "/z" }
	};
	static const uint32_t order[] = { 1, 4, 3, 5, 9 };
	cleanup_tree struct mount_tree tree;
	uint32_t n = 0;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	tree_for_each (i, &tree)
		assert_int_equal(tree.mounts[i].id, order[n++]);
	assert_int_equal(n, ARRAY_SIZE(order));
	assert_int_equal(tree_find(&tree, 9)->parent_id, 5);
	assert_null(tree_find(&tree, 2));
}

static void the_top_of_a_stack_is_the_mount_that_is_seen(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/" },	  { 2, 1, "/a" },     { 3, 2, "/a" },	{ 4, 3, "/a" },
		{ 5, 2, "/a/b" }, { 6, 1, "/a/b/c" }, { 7, 4, "/a/x" },
	};
	cleanup_tree struct mount_tree tree;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	assert_int_equal(tree_top(&tree, 1), 3);
	assert_int_equal(tree_top(&tree, 2), 3);
	assert_int_equal(tree_top(&tree, 3), 3);
	assert_int_equal(tree_top(&tree, 0), 0);
	assert_int_equal(tree_top(&tree, 4), 4);
}

static void a_relative_mountpoint_starts_with_a_slash(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/" }, { 2, 1, "/a" }, { 3, 2, "/a/b/c" }, { 4, 2, "/a" }
	};
	cleanup_tree struct mount_tree tree;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	assert_string_equal(tree_relative(&tree, &tree.mounts[0]), "/");
	assert_string_equal(tree_relative(&tree, &tree.mounts[1]), "/a");
	assert_string_equal(tree_relative(&tree, &tree.mounts[2]), "/b/c");
	assert_string_equal(tree_relative(&tree, &tree.mounts[3]), "/");
}

static void mounts_of_a_superblock_are_chained_with_those_that_show_it_whole_first(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", .dev = 70 },  { 2, 1, "/a", .dev = 80, .root = "/part" },
		{ 3, 1, "/b", .dev = 80 }, { 4, 1, "/c", .dev = 80, .root = "/part" },
		{ 5, 1, "/d", .dev = 80 },
	};
	cleanup_tree struct mount_tree tree;
	uint32_t n = 0, wholes = 0;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	for (uint32_t i = tree_first_of_superblock(&tree, &tree.mounts[1]); i != MOUNT_NONE;
	     i = tree.mounts[i].sb_next) {
		if (n++ < 2)
			wholes += mount_is_fsroot(&tree.mounts[i]);
		assert_int_equal(tree.mounts[i].dev, 80);
	}
	assert_int_equal(n, 4);
	assert_int_equal(wholes, 2);
	assert_int_equal(tree_first_of_superblock(&tree, &tree.mounts[0]), 0);
}

static void a_tree_can_be_linked_again_after_a_mount_is_added(void **state)
{
	static const struct row rows[] = { { 1, 0, "/" }, { 2, 1, "/a" } };
	cleanup_tree struct mount_tree tree;
	struct tree_fault fault;

	help_tree(&tree, rows, 2);
	help_put(&tree, &(struct row){ 3, 1, "/b", .dev = 2 });
	assert_int_equal(tree.root, MOUNT_NONE);
	assert_ok(tree_link(&tree, &fault));
	assert_int_equal(tree.mounts[tree.mounts[0].first_child].id, 3);
	assert_int_equal(tree_first_of_superblock(&tree, &tree.mounts[2]), 1);
}

/* ---- 90,000 mounts ---- */

enum shape { FLAT, STACK, PATHS };

static void build_large(struct mount_tree *tree, uint32_t n, enum shape shape)
{
	struct tree_fault fault;
	char path[64];

	*tree = (struct mount_tree){ 0 };
	for (uint32_t i = 0; i < n; i++) {
		/* Parents are listed after their children, and not in the order of paths. */
		uint32_t id = n - i;
		struct mount *m = tree_add(tree);

		assert_non_null(m);
		m->id = id;
		m->parent_id = shape == STACK ? id - 1 : id > 1;
		m->dev = shape == FLAT ? id : 1;
		if (id == 1 || shape == STACK)
			continue;
		int size = snprintf(path, sizeof(path), "/%s%x",
				    shape == PATHS ? "some/where/" : "", id * 2654435761U);

		m->mountpoint = arena_copy(&tree->strings, path, (size_t)size);
	}
	assert_ok(tree_link(tree, &fault));
}

static double seconds_for(uint32_t n, enum shape shape)
{
	cleanup_tree struct mount_tree tree;
	struct timespec from, to;
	uint32_t seen = 0;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	build_large(&tree, n, shape);
	tree_for_each (i, &tree)
		seen++;
	assert_int_equal(seen, n);
	assert_int_equal(tree.mounts[tree_top(&tree, tree.root)].id, shape == STACK ? n : 1);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

/* Twenty times the mounts would cost 400 times as much if anything looked at all pairs. */
static void ninety_thousand_mounts_cost_what_so_many_small_trees_cost(void **state)
{
	for (enum shape shape = FLAT; shape <= PATHS; shape++) {
		double small = seconds_for(4500, shape) + 0.0005, large = seconds_for(90000, shape);

		if (large > small * 120)
			fail_msg("shape %d: %f s for 4,500 mounts, %f s for 90,000", (int)shape,
				 small, large);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_id_that_two_mounts_have_is_refused),
		cmocka_unit_test(a_second_root_is_refused),
		cmocka_unit_test(a_mount_that_is_its_own_parent_is_a_root_and_only_one_may_be),
		cmocka_unit_test(a_tree_without_mounts_is_refused),
		cmocka_unit_test(mounts_that_are_their_own_ancestors_are_refused),
		cmocka_unit_test(a_mountpoint_must_lie_below_that_of_its_parent),
		cmocka_unit_test(two_mounts_of_one_parent_at_one_place_are_refused),
		cmocka_unit_test(children_stand_by_descending_bytes_so_that_no_place_is_covered),
		cmocka_unit_test(records_may_stand_in_any_order),
		cmocka_unit_test(the_top_of_a_stack_is_the_mount_that_is_seen),
		cmocka_unit_test(a_relative_mountpoint_starts_with_a_slash),
		cmocka_unit_test(
			mounts_of_a_superblock_are_chained_with_those_that_show_it_whole_first),
		cmocka_unit_test(a_tree_can_be_linked_again_after_a_mount_is_added),
		cmocka_unit_test(ninety_thousand_mounts_cost_what_so_many_small_trees_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
