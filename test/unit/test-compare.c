// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/compare.h"
#include "test/unit/help.h"

#define ROOT	  MOUNT_ROOT
#define OURS	  MOUNT_INTERNAL
#define CALLERS	  MOUNT_EXTERNAL
#define UNDECIDED MOUNT_UNDECIDED
#define MAX	  8

/* Two trees of up to MAX rows each. */
struct pair {
	struct row left[MAX], right[MAX];
	unsigned int flags;
	const char *fields; /* the differences expected: "path field, path field" */
};

static size_t count(const struct row *rows)
{
	size_t n = 0;

	while (n < MAX && rows[n].id)
		n++;
	return n;
}

static void text_of(const struct differences *differences, char *buf, size_t size)
{
	buf[0] = '\0';
	for (size_t i = 0; i < differences->n; i++) {
		const struct difference *d = &differences->list[i];
		size_t n = strlen(buf);

		assert_non_null(d->left);
		assert_non_null(d->right);
		assert_string_not_equal(d->path, "");
		snprintf(buf + n, size - n, "%s%s %s", n ? ", " : "", d->path, d->field);
	}
}

static void expect(const struct row *left, const struct row *right, unsigned int flags,
		   const char *fields)
{
	cleanup_differences struct differences differences = { 0 };
	cleanup_tree struct mount_tree l, r;
	char text[1024];

	help_tree(&l, left, count(left));
	help_tree(&r, right, count(right));
	assert_ok(compare_trees(&l, &r, flags, &differences));
	text_of(&differences, text, sizeof(text));
	assert_string_equal(text, fields);
}

static void expect_pair(const struct pair *pair)
{
	expect(pair->left, pair->right, pair->flags, pair->fields);
}

static void a_tree_is_equal_to_itself_under_other_numbers_and_in_another_order(void **state)
{
	static const struct pair pair = {
		{ { 1, 0, "/", ROOT, .shared = 4 },
		  { 2, 1, "/a", OURS, .dev = 7, .shared = 5, .master = 4 },
		  { 3, 2, "/a", OURS, .dev = 7, .root = "/x", .master = 5 } },
		{ { 30, 20, "/a", OURS, .dev = 70, .root = "/x", .master = 50 },
		  { 20, 10, "/a", OURS, .dev = 70, .shared = 50, .master = 40 },
		  { 10, 99, "/", ROOT, .shared = 40 } },
		0,
		"",
	};

	expect_pair(&pair);
}

/* Each in turn is changed on the right, and nothing else is said. */
static void every_field_of_an_internal_mount_counts(void **state)
{
	static const struct row left[MAX] = { { 1, 0, "/", ROOT },
					      { 2, 1, "/a", OURS, .options = "size=1k" } };
	static const struct {
		struct row changed;
		const char *fields;
	} cases[] = {
		{ { 2, 1, "/a", OURS, .options = "size=1k" }, "" },
		{ { 2, 1, "/a", OURS, .options = "size=2k" }, "/a options" },
		{ { 2, 1, "/a", OURS, .options = "size=1k", .fstype = "ramfs" }, "/a filesystem" },
		{ { 2, 1, "/a", OURS, .options = "size=1k", .root = "/x" }, "/a root" },
		{ { 2, 1, "/a", OURS, .options = "size=1k", .sb_flags = MS_RDONLY },
		  "/a superblock" },
		{ { 2, 1, "/a", OURS, .options = "size=1k", .attributes = MOUNT_ATTR_NOEXEC },
		  "/a attributes" },
		{ { 2, 1, "/a", OURS, .options = "size=1k", .shared = 3 }, "/a peer group" },
		{ { 2, 1, "/a", OURS, .options = "size=1k", .master = 3 }, "/a master" },
		{ { 2, 1, "/a", OURS, .options = "size=1k", .unbindable = true },
		  "/a propagation" },
		{ { 2, 1, "/b", OURS, .options = "size=1k" }, "/b mount, /a mount" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct row right[MAX] = { left[0], cases[i].changed };

		expect(left, right, 0, cases[i].fields);
	}
}

static void the_source_and_a_deleted_root_of_an_internal_mount_count(void **state)
{
	static const struct row rows[] = { { 1, 0, "/", ROOT },
					   { 2, 1, "/a", OURS },
					   { 3, 1, "/b", OURS } };
	cleanup_differences struct differences differences = { 0 };
	cleanup_tree struct mount_tree left, right;
	char text[256];

	help_tree(&left, rows, 3);
	help_tree(&right, rows, 3);
	right.mounts[1].source = "none";
	right.mounts[2].deleted = true;
	assert_ok(compare_trees(&left, &right, 0, &differences));
	text_of(&differences, text, sizeof(text));
	assert_string_equal(text, "/b deleted, /a source");
	assert_string_equal(differences.list[1].left, "");
	assert_string_equal(differences.list[1].right, "none");
}

static void of_a_callers_mount_only_place_attributes_and_sharing_count(void **state)
{
	static const struct pair pairs[] = {
		{ { { 1, 0, "/", ROOT, .dev = 7, .fstype = "ext4" },
		    { 2, 1, "/a", CALLERS, .dev = 8, .fstype = "ext4", .root = "/x",
		      .options = "o" } },
		  { { 1, 0, "/", ROOT, .dev = 17, .fstype = "xfs", .root = "/q" },
		    { 2, 1, "/a", CALLERS, .dev = 17, .root = "/y", .sb_flags = MS_RDONLY } },
		  0,
		  "" },
		{ { { 1, 0, "/", ROOT, .attributes = MOUNT_ATTR_NOSUID }, { 2, 1, "/a", CALLERS } },
		  { { 1, 0, "/", ROOT },
		    { 2, 1, "/a", CALLERS, .attributes = MOUNT_ATTR_NODEV, .shared = 3 } },
		  0,
		  "/ attributes, /a attributes, /a peer group" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		expect_pair(&pairs[i]);
}

static void with_sources_a_callers_filesystem_and_root_count_too(void **state)
{
	static const struct pair pair = {
		{ { 1, 0, "/", ROOT, .fstype = "ext4" },
		  { 2, 1, "/a", CALLERS, .fstype = "ext4", .root = "/x", .options = "o" } },
		{ { 1, 0, "/", ROOT, .fstype = "xfs" },
		  { 2, 1, "/a", CALLERS, .fstype = "ext4", .root = "/y", .sb_flags = MS_RDONLY } },
		COMPARE_SOURCES,
		"/ filesystem, /a root, /a options, /a superblock",
	};

	expect_pair(&pair);
}

static void with_sources_nothing_less_is_compared(void **state)
{
	static const struct pair pair = {
		{ { 1, 0, "/", ROOT },
		  { 2, 1, "/b", OURS, .dev = 8 },
		  { 3, 1, "/a", OURS, .dev = 8 } },
		{ { 1, 0, "/", ROOT },
		  { 2, 1, "/b", OURS, .dev = 8 },
		  { 3, 1, "/a", OURS, .dev = 9 } },
		COMPARE_SOURCES,
		"/a superblock",
	};

	expect_pair(&pair);
}

static void superblocks_are_shared_alike_in_both_directions(void **state)
{
	static const struct row shared[MAX] = { { 1, 0, "/", ROOT },
						{ 2, 1, "/b", OURS, .dev = 8 },
						{ 3, 1, "/a", OURS, .dev = 8 } };
	static const struct row apart[MAX] = { { 1, 0, "/", ROOT },
					       { 2, 1, "/b", OURS, .dev = 8 },
					       { 3, 1, "/a", OURS, .dev = 9 } };

	expect(shared, apart, 0, "/a superblock");
	expect(apart, shared, 0, "/a superblock");
	expect(apart, apart, 0, "");
}

static void a_group_always_meets_the_same_group_in_both_directions(void **state)
{
	static const struct row one[MAX] = { { 1, 0, "/", ROOT },
					     { 2, 1, "/b", CALLERS, .shared = 8 },
					     { 3, 1, "/a", CALLERS, .shared = 8 } };
	static const struct row two[MAX] = { { 1, 0, "/", ROOT },
					     { 2, 1, "/b", CALLERS, .shared = 8 },
					     { 3, 1, "/a", CALLERS, .shared = 9 } };

	expect(one, two, 0, "/a peer group");
	expect(two, one, 0, "/a peer group");
}

static void masters_are_compared_as_the_groups_they_are(void **state)
{
	static const struct row of_b[MAX] = { { 1, 0, "/", ROOT, .shared = 7 },
					      { 2, 1, "/b", CALLERS, .shared = 8 },
					      { 3, 1, "/a", CALLERS, .master = 8 } };
	static const struct row of_root[MAX] = { { 1, 0, "/", ROOT, .shared = 7 },
						 { 2, 1, "/b", CALLERS, .shared = 8 },
						 { 3, 1, "/a", CALLERS, .master = 7 } };
	static const struct row of_host[MAX] = { { 1, 0, "/", ROOT, .shared = 7 },
						 { 2, 1, "/b", CALLERS, .shared = 8 },
						 { 3, 1, "/a", CALLERS, .master = 99 } };
	static const struct row of_other_host[MAX] = { { 1, 0, "/", ROOT, .shared = 70 },
						       { 2, 1, "/b", CALLERS, .shared = 80 },
						       { 3, 1, "/a", CALLERS, .master = 990 } };

	expect(of_b, of_root, 0, "/a master");
	expect(of_b, of_host, 0, "/a master");
	expect(of_host, of_b, 0, "/a master");
	expect(of_host, of_other_host, 0, "");
}

static void mounts_that_are_missing_are_named_with_all_below_them(void **state)
{
	static const struct row all[MAX] = {
		{ 1, 0, "/", ROOT },	{ 2, 1, "/b", OURS },	{ 3, 2, "/b/c", OURS },
		{ 4, 3, "/b/c", OURS }, { 5, 2, "/b/a", OURS }, { 6, 1, "/a", OURS },
	};
	static const struct row few[MAX] = { { 1, 0, "/", ROOT }, { 6, 1, "/a", OURS } };

	expect(all, few, 0, "/b mount, /b/c mount, /b/c mount, /b/a mount");
	expect(few, all, 0, "/b mount, /b/c mount, /b/c mount, /b/a mount");
}

static void the_height_in_a_stack_is_a_place(void **state)
{
	static const struct pair pair = {
		{ { 1, 0, "/", ROOT },
		  { 2, 1, "/a", OURS },
		  { 3, 2, "/a", OURS, .fstype = "ramfs" } },
		{ { 1, 0, "/", ROOT },
		  { 2, 1, "/a", OURS, .fstype = "ramfs" },
		  { 3, 2, "/a", OURS } },
		0,
		"/a filesystem, /a filesystem",
	};

	expect_pair(&pair);
}

static void a_bind_of_the_root_is_compared_by_what_lies_below_the_root(void **state)
{
	static const struct row left[MAX] = {
		{ 1, 0, "/", ROOT, .dev = 5, .root = "/old", .fstype = "ext4" },
		{ 2, 1, "/a", OURS, .dev = 5, .root = "/old/x", .fstype = "ext4" },
	};
	static const struct row same[MAX] = {
		{ 1, 0, "/", ROOT, .dev = 6, .root = "/", .fstype = "xfs" },
		{ 2, 1, "/a", UNDECIDED, .dev = 6, .root = "/x", .fstype = "xfs" },
	};
	static const struct row other[MAX] = {
		{ 1, 0, "/", ROOT, .dev = 6, .root = "/", .fstype = "xfs" },
		{ 2, 1, "/a", UNDECIDED, .dev = 6, .root = "/y", .fstype = "xfs" },
	};

	expect(left, same, COMPARE_CALLERS_OWNERS, "");
	expect(left, other, COMPARE_CALLERS_OWNERS, "/a root");
	expect(left, other, 0, "/a root");
}

static void an_internal_mount_that_became_something_else_is_a_difference(void **state)
{
	static const struct row image[MAX] = { { 1, 0, "/", ROOT }, { 2, 1, "/a", OURS } };
	static const struct row live[MAX] = {
		{ 1, 0, "/", UNDECIDED }, { 2, 1, "/a", UNDECIDED, .fstype = "ext4", .root = "/x" }
	};

	expect(image, live, COMPARE_CALLERS_OWNERS, "/a root, /a filesystem");
	expect(image, live, 0, "/a root, /a filesystem");
	expect(live, image, 0, "/a root, /a filesystem");
}

static void options_of_host_filesystems_do_not_count(void **state)
{
	static const struct pair pair = {
		{ { 1, 0, "/", ROOT }, { 2, 1, "/a", OURS, .fstype = "cgroup2", .options = "x" } },
		{ { 1, 0, "/", ROOT }, { 2, 1, "/a", OURS, .fstype = "cgroup2", .options = "y" } },
		0,
		"",
	};

	expect_pair(&pair);
}

static void what_is_internal_is_guessed_only_where_nobody_decided(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", UNDECIDED, .dev = 50, .root = "/r", .fstype = "ext4" },
		{ 2, 1, "/a", UNDECIDED },
		{ 3, 1, "/b", UNDECIDED, .fstype = "ext4" },
		{ 4, 1, "/c", UNDECIDED, .root = "/part" },
		{ 5, 1, "/d", UNDECIDED, .root = "/part", .fstype = "sysfs" },
		{ 6, 1, "/e", UNDECIDED, .dev = 50, .root = "/r/x", .fstype = "ext4" },
		{ 7, 1, "/f", UNDECIDED, .dev = 50, .root = "/else", .fstype = "ext4" },
		{ 8, 1, "/g", CALLERS },
		{ 9, 1, "/h", OURS, .fstype = "ext4" },
		{ 10, 1, "/i", UNDECIDED, .dev = 2, .root = "/part" },
	};
	static const bool internal[] = { false, true,  false, false, true,
					 true,	false, false, true,  true };
	cleanup_tree struct mount_tree tree;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(compare_is_internal(&tree, &tree.mounts[i]), internal[i]);
}

static void id_mappings_count_where_both_sides_know_them(void **state)
{
	static const struct row rows[] = { { 1, 0, "/", ROOT }, { 2, 1, "/a", CALLERS } };
	const struct mount_id_extent extent = { 0, 1000, 1 };

	for (int changed = 0; changed < 2; changed++) {
		cleanup_differences struct differences differences = { 0 };
		struct mount_tree trees[2];

		for (int side = 0; side < 2; side++) {
			help_tree(&trees[side], rows, 2);
			struct mount_idmap *map = calloc(1, sizeof(*map));

			map->uid = malloc(sizeof(extent));
			map->n_uid = 1;
			*map->uid = extent;
			map->uid->count += (uint32_t)(side * changed);
			trees[side].mounts[1].idmap = map;
		}
		assert_ok(compare_trees(&trees[0], &trees[1], 0, &differences));
		assert_int_equal(differences.n, changed);
		if (changed) {
			assert_string_equal(differences.list[0].left, "uid 0:1000:1, gid");
			assert_string_equal(differences.list[0].right, "uid 0:1000:2, gid");
		}
		tree_free(&trees[0]);
		tree_free(&trees[1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_tree_is_equal_to_itself_under_other_numbers_and_in_another_order),
		cmocka_unit_test(every_field_of_an_internal_mount_counts),
		cmocka_unit_test(the_source_and_a_deleted_root_of_an_internal_mount_count),
		cmocka_unit_test(of_a_callers_mount_only_place_attributes_and_sharing_count),
		cmocka_unit_test(with_sources_a_callers_filesystem_and_root_count_too),
		cmocka_unit_test(with_sources_nothing_less_is_compared),
		cmocka_unit_test(superblocks_are_shared_alike_in_both_directions),
		cmocka_unit_test(a_group_always_meets_the_same_group_in_both_directions),
		cmocka_unit_test(masters_are_compared_as_the_groups_they_are),
		cmocka_unit_test(mounts_that_are_missing_are_named_with_all_below_them),
		cmocka_unit_test(the_height_in_a_stack_is_a_place),
		cmocka_unit_test(a_bind_of_the_root_is_compared_by_what_lies_below_the_root),
		cmocka_unit_test(an_internal_mount_that_became_something_else_is_a_difference),
		cmocka_unit_test(options_of_host_filesystems_do_not_count),
		cmocka_unit_test(what_is_internal_is_guessed_only_where_nobody_decided),
		cmocka_unit_test(id_mappings_count_where_both_sides_know_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
