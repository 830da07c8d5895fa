// SPDX-License-Identifier: LGPL-2.1-or-later
#include <time.h>

#include "image/image.h"
#include "model/compare.h"
#include "model/set.h"
#include "model/visible.h"
#include "test/unit/help.h"
#include "test/unit/scratch.h"

/* Two namespaces: the second's root and volume are slaves of, and peers with, those of the first. */
static const struct row first_rows[] = { { 1, 0, "/" }, { 2, 1, "/vol" }, { 3, 2, "/vol/in" } };
static const struct row second_rows[] = { { 11, 10, "/" }, { 12, 11, "/" }, { 13, 12, "/vol" } };

struct pair {
	struct mount_tree members[2], set;
};

static void pair_make(struct pair *pair, uint32_t second)
{
	struct tree_fault fault = { 0 };

	*pair = (struct pair){ .set.root = MOUNT_NONE };
	assert_ok(help_link(&pair->members[0], first_rows, 3, &fault));
	assert_ok(help_link(&pair->members[1], second_rows, 3, &fault));
	assert_ok(set_add(&pair->set, &pair->members[0], 1));
	assert_ok(set_add(&pair->set, &pair->members[1], second));
	assert_ok(tree_link(&pair->set, &fault));
}

static void pair_free(struct pair *pair)
{
	tree_free(&pair->set);
	tree_free(&pair->members[0]);
	tree_free(&pair->members[1]);
}

static void each_namespace_is_a_tree_of_its_own(void **state)
{
	cleanup(pair_free) struct pair pair;
	uint32_t seen = 0, roots = 0;

	pair_make(&pair, 7);
	tree_for_each (i, &pair.set)
		seen++;
	tree_for_each_root(i, &pair.set) roots++;
	assert_int_equal(seen, 6);
	assert_int_equal(roots, 2);
	assert_true(tree_is_set(&pair.set));
	assert_false(tree_is_set(&pair.members[0]));
	assert_int_equal(pair.set.root, 0);
	assert_int_equal(tree_root_of(&pair.set, 7), 3);
	assert_int_equal(tree_root_of(&pair.set, 8), MOUNT_NONE);
	assert_int_equal(pair.set.mounts[5].parent, 4);
}

static void a_path_of_another_namespace_has_its_number(void **state)
{
	static const struct {
		const char *given, *name;
		uint32_t ns;
	} cases[] = {
		{ "/vol", "/vol", 1 },	     { "1:/vol", "/vol", 1 }, { "1:/", "/", 1 },
		{ "7:/vol", "7:/vol", 7 },   { "7:/", "7:", 7 },      { "7:", "7:", 7 },
		{ "8:/vol", "8:/vol", 1 },   { "vol", "vol", 1 },     { "7x:/vol", "7x:/vol", 1 },
		{ "07:/vol", "07:/vol", 1 }, { "", "", 1 },
	};
	cleanup(pair_free) struct pair pair;
	cleanup_visible struct visible visible = { 0 };

	pair_make(&pair, 7);
	assert_ok(visible_find_all(&pair.set, &visible));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t ns = 0;
		cleanup_free char *name = set_find_name(&pair.set, cases[i].given, &ns);

		assert_string_equal(name, cases[i].name);
		assert_int_equal(ns, cases[i].ns);
	}
	/* The top of what is stacked on the root, and what is on that. */
	assert_int_equal(visible_at(&pair.set, &visible, "7:")->id, 12);
	assert_int_equal(visible_at(&pair.set, &visible, "7:/vol")->id, 13);
	assert_int_equal(visible_at(&pair.set, &visible, "/vol")->id, 2);
	assert_true(pair.set.mounts[5].visible);
	assert_string_equal(mount_path(&pair.set.mounts[3]), "/");
	assert_string_equal(mount_shown(&pair.set.mounts[3]), "7:/");
	assert_string_equal(mount_path(&pair.set.mounts[5]), "/vol");
	assert_string_equal(tree_relative(&pair.set, &pair.set.mounts[5]), "/vol");
	assert_string_equal(tree_relative(&pair.set, &pair.set.mounts[4]), "/");
}

static void a_mount_of_two_namespaces_is_refused(void **state)
{
	struct mount_tree set = { .root = MOUNT_NONE };
	struct mount_tree one, two;
	struct tree_fault fault = { 0 };

	assert_ok(help_link(&one, first_rows, 3, &fault));
	assert_ok(help_link(&two, first_rows, 3, &fault));
	assert_ok(set_add(&set, &one, 1));
	assert_ok(set_add(&set, &two, 2));
	assert_int_equal(tree_link(&set, &fault), -EBADMSG);
	assert_string_equal(fault.reason, "has the id of another mount");
	tree_free(&set);
	tree_free(&one);
	tree_free(&two);
}

/* Peers within each namespace alone look the same, across them they do not. */
static void peers_are_compared_across_namespaces(void **state)
{
	cleanup(pair_free) struct pair left, right;
	cleanup_differences struct differences differences = { 0 };

	pair_make(&left, 2);
	pair_make(&right, 2);
	left.set.mounts[1].shared = left.set.mounts[5].shared = 4;
	right.set.mounts[1].shared = right.set.mounts[5].shared = 9;
	assert_ok(compare_trees(&left.set, &right.set, 0, &differences));
	assert_int_equal(differences.n, 0);
	right.set.mounts[5].shared = 8;
	assert_ok(compare_trees(&left.set, &right.set, 0, &differences));
	assert_int_equal(differences.n, 1);
	assert_string_equal(differences.list[0].path, "2:/vol");
	assert_string_equal(differences.list[0].field, "peer group");
}

static void a_master_in_another_namespace_is_no_other_one(void **state)
{
	cleanup(pair_free) struct pair left, right;
	cleanup_differences struct differences differences = { 0 };

	pair_make(&left, 2);
	pair_make(&right, 2);
	left.set.mounts[1].shared = left.set.mounts[5].master = 4;
	right.set.mounts[1].shared = 9;
	right.set.mounts[5].master = 70; /* outside */
	assert_ok(compare_trees(&left.set, &right.set, 0, &differences));
	assert_int_equal(differences.n, 1);
	assert_string_equal(differences.list[0].field, "master");
}

static void a_namespace_that_the_other_side_lacks_is_a_difference(void **state)
{
	cleanup(pair_free) struct pair left, right;
	cleanup_differences struct differences differences = { 0 };

	pair_make(&left, 2);
	pair_make(&right, 3);
	assert_ok(compare_trees(&left.set, &right.set, 0, &differences));
	assert_int_equal(differences.n, 6);
	assert_string_equal(differences.list[0].path, "2:/");
}

static void write_set(int dir_fd, const struct pair *pair, const struct image_set *listed)
{
	struct image_info info = { .set = listed };

	assert_ok(image_write_mounts(dir_fd, &pair->set, 1));
	assert_ok(image_write_mounts(dir_fd, &pair->set, 2));
	assert_ok(image_write_inventory(dir_fd, &info));
}

static void what_was_written_is_read(void **state)
{
	cleanup(pair_free) struct pair pair;
	cleanup_tree struct mount_tree back = { .root = MOUNT_NONE };
	cleanup_findings struct findings findings = { 0 };
	const struct image_set listed = { { 2, 1 }, 2 };
	struct image_info info;
	struct scratch scratch;

	scratch_make(&scratch);
	pair_make(&pair, 2);
	write_set(scratch.fd, &pair, &listed);
	assert_ok(image_read_set(scratch.fd, IMAGE_SET_DUMPED, 0, &back, &info, &findings));
	assert_int_equal(back.n, 6);
	/* The first that is listed is the first. */
	assert_int_equal(info.ns_id, 2);
	assert_int_equal(back.mounts[back.root].id, 11);
	assert_string_equal(back.mounts[5].mountpoint, "1:/vol/in");
	assert_int_equal(back.mounts[back.root].owner, MOUNT_ROOT);
	assert_int_not_equal(back.mounts[3].owner, MOUNT_ROOT);
	scratch_remove(&scratch);
}

static void a_list_that_cannot_be_is_refused(void **state)
{
	static const struct {
		struct image_set listed;
		const char *text;
	} cases[] = {
		{ { { 1, 2, 1 }, 3 }, "lists the mount namespace 1 twice" },
		{ { { 1, 0 }, 2 }, "lists a mount namespace 0" },
		{ { { 1, 2, 3 }, 3 }, "mountpoints-3.img is not there" },
		{ { { 1 }, 1 }, "mountpoints-2.img is not of this image" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup(pair_free) struct pair pair;
		cleanup_tree struct mount_tree back = { .root = MOUNT_NONE };
		cleanup_findings struct findings findings = { 0 };
		struct image_info info;
		struct scratch scratch;

		scratch_make(&scratch);
		pair_make(&pair, 2);
		write_set(scratch.fd, &pair, &cases[i].listed);
		assert_int_equal(
			image_read_set(scratch.fd, IMAGE_SET_DUMPED, 0, &back, &info, &findings),
			-EBADMSG);
		assert_non_null(strstr(findings.list[0].text, cases[i].text));
		scratch_remove(&scratch);
	}
}

/* Binds of one filesystem, in two namespaces. */
static void make_many(struct mount_tree *set, struct mount_tree members[2], uint32_t n)
{
	struct tree_fault fault;

	for (uint32_t ns = 0; ns < 2; ns++) {
		members[ns] = (struct mount_tree){ .root = MOUNT_NONE };
		for (uint32_t i = 0; i < n; i++) {
			struct mount *m = tree_add(&members[ns]);
			char path[32];
			int size = snprintf(path, sizeof(path), i ? "/%u" : "/", i);

			m->id = ns * n + i + 1;
			m->parent_id = i ? ns * n + 1 : 0;
			m->dev = 7;
			m->owner = MOUNT_INTERNAL;
			m->fstype = "tmpfs";
			m->mountpoint = arena_copy(&members[ns].strings, path, (size_t)size);
		}
		assert_ok(tree_link(&members[ns], &fault));
		assert_ok(set_add(set, &members[ns], ns + 1));
	}
	assert_ok(tree_link(set, &fault));
}

static double time_to_write(int dir_fd, const struct mount_tree *set, uint32_t ns)
{
	struct timespec from, to;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	assert_ok(image_write_mounts(dir_fd, set, ns));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

/* Each of the second was looked for among all of the first: a thousand times as long. */
static void the_second_is_written_as_quickly_as_the_first(void **state)
{
	struct mount_tree members[2], set = { .root = MOUNT_NONE };
	struct scratch scratch;

	scratch_make(&scratch);
	make_many(&set, members, 20000);
	double first = time_to_write(scratch.fd, &set, 1);
	double second = time_to_write(scratch.fd, &set, 2);

	print_message("20,000 binds: written in %.0f ms, of another namespace in %.0f ms\n",
		      first * 1e3, second * 1e3);
	assert_true(second < 8 * first);
	tree_free(&set);
	tree_free(&members[0]);
	tree_free(&members[1]);
	scratch_remove(&scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_namespace_is_a_tree_of_its_own),
		cmocka_unit_test(a_path_of_another_namespace_has_its_number),
		cmocka_unit_test(a_mount_of_two_namespaces_is_refused),
		cmocka_unit_test(peers_are_compared_across_namespaces),
		cmocka_unit_test(a_master_in_another_namespace_is_no_other_one),
		cmocka_unit_test(a_namespace_that_the_other_side_lacks_is_a_difference),
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(a_list_that_cannot_be_is_refused),
		cmocka_unit_test(the_second_is_written_as_quickly_as_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
