// SPDX-License-Identifier: LGPL-2.1-or-later
#include "model/ids.h"
#include "test/unit/help.h"

static struct mount_id_extent extents[] = { { 0, 40000, 1 }, { 1, 100000, 1000 } };
static const struct mount_idmap map = { .uid = extents, .n_uid = 2, .gid = extents, .n_gid = 1 };

static void an_id_is_told_by_the_extent_that_has_it(void **state)
{
	assert_int_equal(ids_inside(extents, 2, 40000), 0);
	assert_int_equal(ids_inside(extents, 2, 100000), 1);
	assert_int_equal(ids_inside(extents, 2, 100999), 1000);
	/* Nobody inside: it stays. */
	assert_int_equal(ids_inside(extents, 2, 101000), 101000);
	assert_int_equal(ids_inside(extents, 2, 40001), 40001);
	assert_int_equal(ids_inside(extents, 0, 7), 7);
}

static void ids_in_options_are_those_of_the_inside(void **state)
{
	static const struct {
		const char *fstype, *options, *inside;
	} cases[] = {
		{ "tmpfs", "size=1k,uid=40000,gid=40000", "size=1k" },
		{ "tmpfs", "uid=40000,size=1k", "size=1k" },
		{ "tmpfs", "uid=100004,size=1k,gid=40000,mode=700", "uid=5,size=1k,mode=700" },
		/* The groups' map has no such one; words that only look alike. */
		{ "tmpfs", "gid=100004,guid=40000,uid=x,uid=,uid=99999999999", NULL },
		{ "devpts", "uid=40000,gid=40000,mode=620", "uid=0,gid=0,mode=620" },
		{ "tmpfs", "", "" },
		{ "tmpfs", "uid=40000", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct mount m = { .fstype = cases[i].fstype, .options = cases[i].options };
		cleanup_free char *inside = ids_options_inside(&map, &m);

		assert_string_equal(inside, cases[i].inside ? cases[i].inside : cases[i].options);
	}
}

static void only_filesystems_of_a_user_namespace_show_ids(void **state)
{
	static const struct {
		const char *fstype, *options;
		bool are_in;
	} cases[] = {
		{ "tmpfs", "size=1k,uid=5", true }, { "tmpfs", "size=1k", false },
		{ "proc", "gid=5", true },	    { "hugetlbfs", "uid=5", false },
		{ "ext4", "resuid=5", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct mount m = { .fstype = cases[i].fstype, .options = cases[i].options };

		assert_int_equal(ids_are_in(&m), cases[i].are_in);
	}
}

static void a_map_is_read_line_by_line(void **state)
{
	cleanup_free struct mount_id_extent *read = NULL;
	struct mount_id_extent *bad = NULL;
	uint32_t n = 0;

	assert_ok(ids_parse_map("         0      40000          1\n1 100000 4294967295\n", &read,
				&n));
	assert_int_equal(n, 2);
	assert_int_equal(read[0].lower, 40000);
	assert_int_equal(read[1].count, UINT32_MAX);
	assert_int_equal(ids_parse_map("0 1\n", &bad, &n), -EBADMSG);
	assert_int_equal(ids_parse_map("no map\n", &bad, &n), -EBADMSG);
}

static void ids_in_options_are_shown_to_the_host(void **state)
{
	struct mount_id_extent uid[] = { { 0, 100000, 1000 } }, gid[] = { { 0, 200000, 1000 } };
	const struct mount_idmap own = { .uid = uid, .gid = gid, .n_uid = 1, .n_gid = 1 };
	static const struct {
		const char *fstype, *options, *outside;
	} cases[] = {
		{ "tmpfs", "size=1k", "size=1k,uid=100000,gid=200000" },
		{ "tmpfs", "", "uid=100000,gid=200000" },
		{ "tmpfs", "uid=5,size=1k", "uid=100005,size=1k,gid=200000" },
		{ "tmpfs", "gid=7", "gid=200007,uid=100000" },
		{ "devpts", "mode=620", "mode=620" },
		{ "devpts", "gid=5,mode=620", "gid=200005,mode=620" },
		/* Nobody has it outside. */
		{ "devpts", "gid=5000", "gid=5000" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct mount m = { .fstype = cases[i].fstype, .options = cases[i].options };
		cleanup_free char *outside = ids_options_outside(&own, &m);

		assert_string_equal(outside, cases[i].outside);
	}
}

static void who_is_not_inside_is_shown_as_nobody_there(void **state)
{
	struct mount_id_extent uid[] = { { 0, 100000, 1000 } }, gid[] = { { 1, 200000, 1 } };
	const struct mount_idmap own = { .uid = uid, .gid = gid, .n_uid = 1, .n_gid = 1 };

	assert_int_equal(ids_shown_uid(&own, 100007), 7);
	assert_int_equal(ids_shown_uid(&own, 0), 65534);
	assert_int_equal(ids_shown_gid(&own, 200000), 1);
	assert_int_equal(ids_shown_gid(&own, 200001), 65534);
	assert_int_equal(ids_shown_uid(NULL, 0), 0);
	assert_int_equal(ids_outside(own.gid, own.n_gid, 1), 200000);
	assert_int_equal(ids_outside(own.gid, own.n_gid, 0), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_in_options_are_shown_to_the_host),
		cmocka_unit_test(who_is_not_inside_is_shown_as_nobody_there),
		cmocka_unit_test(an_id_is_told_by_the_extent_that_has_it),
		cmocka_unit_test(ids_in_options_are_those_of_the_inside),
		cmocka_unit_test(only_filesystems_of_a_user_namespace_show_ids),
		cmocka_unit_test(a_map_is_read_line_by_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
