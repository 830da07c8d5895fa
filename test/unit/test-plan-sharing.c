// SPDX-License-Identifier: LGPL-2.1-or-later
#include <time.h>

#include "test/unit/plan-simulator.h"

#define ROOT	MOUNT_ROOT
#define OURS	MOUNT_INTERNAL
#define CALLERS MOUNT_EXTERNAL

static void a_mount_alone_in_its_group_is_shared_early_and_let_go(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT, .shared = 5 },
		{ 2, 1, "/b", OURS, .shared = 6 },
		{ 3, 2, "/b/in", OURS },
		{ 4, 1, "/a", OURS, .shared = 7 },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	assert_in_range(sim_good_plan(&tree, &plan), 2, 4);
	uint32_t pivot = sim_where(&tree, &plan, PLAN_PIVOT, 1);
	uint32_t early = sim_where(&tree, &plan, PLAN_SHARE, 2);

	assert_true(early < pivot);
	assert_true(early > sim_where(&tree, &plan, PLAN_ATTACH, 3));
	assert_int_equal(plan.steps[early].and_close, 1);
	assert_true(sim_where(&tree, &plan, PLAN_SHARE, 1) > pivot);
}

static void a_shared_mount_below_which_an_overlay_waits_is_not_shared_early(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/b", OURS, .shared = 6 },
		{ 3, 2, "/b/in", OURS, .fstype = "overlay" },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	sim_good_plan(&tree, &plan);
	assert_true(sim_where(&tree, &plan, PLAN_SHARE, 2) >
		    sim_where(&tree, &plan, PLAN_ATTACH, 3));
}

static void a_shared_overlay_is_shared_when_its_own_children_stand(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },
		{ 3, 1, "/o", OURS, .fstype = "overlay", .shared = 4 },
		{ 5, 3, "/o/in", OURS },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	sim_good_plan(&tree, &plan);
}

static void peers_join_the_member_that_shows_the_most(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/a", OURS, .shared = 6, .dev = 9, .root = "/x/y" },
		{ 3, 1, "/b", OURS, .shared = 6, .dev = 9 },
		{ 4, 1, "/c", OURS, .shared = 6, .dev = 9, .root = "/x" },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	sim_good_plan(&tree, &plan);
	assert_int_equal(sim_how_many(&plan, PLAN_SHARE), 1);
	assert_int_not_equal(sim_where(&tree, &plan, PLAN_SHARE, 3), UINT32_MAX);
	assert_int_equal(plan.steps[sim_where(&tree, &plan, PLAN_JOIN, 2)].other, 2);
	assert_int_equal(plan.steps[sim_where(&tree, &plan, PLAN_JOIN, 4)].other, 2);
}

static void masters_come_before_slaves_down_a_chain_listed_backwards(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/a", OURS, .dev = 9, .shared = 14, .master = 13 },
		{ 3, 1, "/b", OURS, .dev = 9, .shared = 13, .master = 12 },
		{ 4, 1, "/c", OURS, .dev = 9, .shared = 12, .master = 11 },
		{ 5, 1, "/d", OURS, .dev = 9, .shared = 11 },
		{ 6, 1, "/e", OURS, .dev = 9, .master = 14 },
		{ 7, 1, "/f", OURS, .dev = 9, .shared = 12, .master = 11 },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	sim_good_plan(&tree, &plan);
	assert_true(sim_where(&tree, &plan, PLAN_SHARE, 5) <
		    sim_where(&tree, &plan, PLAN_SLAVE, 3));
	assert_int_equal(sim_how_many(&plan, PLAN_SLAVE), 4);
}

static void a_master_of_the_hosts_comes_from_the_source(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/a", CALLERS, .master = 900 },
		{ 3, 1, "/b", CALLERS, .dev = 9, .shared = 20, .master = 900 },
		{ 4, 1, "/c", CALLERS, .dev = 9, .shared = 20, .master = 900 },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	sim_good_plan(&tree, &plan);
	assert_int_equal(sim_how_many(&plan, PLAN_JOIN_HOST), 2);
	assert_int_equal(sim_how_many(&plan, PLAN_JOIN), 1);
}

static void a_master_that_no_source_can_give_is_left_out(void **state)
{
	static const struct row rows[] = { { 1, 0, "/", ROOT },
					   { 2, 1, "/a", CALLERS, .master = 900 } };
	cleanup_findings struct findings findings = { 0 };
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan = { 0 };

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	struct plan_input input = { .tree = &tree,
				    .host_group = sim_all_host_groups,
				    .data = &tree };

	assert_ok(plan_build(&input, &plan, &findings));
	assert_null(sim_run(&tree, &plan, NULL));
	assert_int_equal(sim_how_many(&plan, PLAN_JOIN_HOST), 0);
	assert_int_equal(sim_how_many(&plan, PLAN_SLAVE), 0);
}

static void unbindable_comes_last(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT, .shared = 3 },
		{ 2, 1, "/a", OURS, .unbindable = true },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	sim_good_plan(&tree, &plan);
	assert_int_equal(plan.steps[plan.n - 1].op, PLAN_UNBINDABLE);
}

static void refused(const struct row *rows, size_t n, const char *why)
{
	cleanup_findings struct findings findings = { 0 };
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, n);
	assert_int_equal(sim_plan(&tree, &plan, &findings), -EINVAL);
	assert_true(findings.n > 0);
	assert_string_equal(findings.list[0].code, "sharing");
	assert_non_null(strstr(findings.list[0].text, why));
	assert_int_not_equal(findings.list[0].mount_id, 0);
}

/* The plan is good, and starts this many groups with an anchor. */
static uint32_t anchors_of(const struct row *rows, size_t n)
{
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, n);
	sim_good_plan(&tree, &plan);
	assert_int_equal(sim_how_many(&plan, PLAN_ANCHOR) + sim_how_many(&plan, PLAN_ANCHOR_NEW),
			 plan.n_anchors);
	return plan.n_anchors;
}

static void a_group_that_is_its_own_master_is_refused(void **state)
{
	static const struct row self[] = { { 1, 0, "/", ROOT },
					   { 2, 1, "/a", OURS, .shared = 5, .master = 5 } };
	static const struct row circle[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/a", OURS, .dev = 9, .shared = 5, .master = 6 },
		{ 3, 1, "/b", OURS, .dev = 9, .shared = 6, .master = 7 },
		{ 4, 1, "/c", OURS, .dev = 9, .shared = 7, .master = 5 },
	};
	static const struct row tail[] = {
		{ 1, 0, "/", ROOT, .shared = 9 },
		{ 2, 1, "/a", OURS, .dev = 9, .shared = 5, .master = 6 },
		{ 3, 1, "/b", OURS, .dev = 9, .shared = 6, .master = 6 },
	};

	refused(self, ARRAY_SIZE(self), "its own master");
	refused(circle, ARRAY_SIZE(circle), "its own master");
	refused(tail, ARRAY_SIZE(tail), "its own master");
}

static void a_group_without_a_member_that_contains_the_others_starts_with_a_seed(void **state)
{
	static const struct row peers[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/w", OURS, .dev = 9 },
		{ 3, 1, "/a", OURS, .dev = 9, .shared = 5, .root = "/x" },
		{ 4, 1, "/b", OURS, .dev = 9, .shared = 5, .root = "/y" },
	};
	static const struct row slave[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/w", OURS, .dev = 9, .master = 5 },
		{ 3, 1, "/a", OURS, .dev = 9, .shared = 5, .root = "/x" },
	};
	static const struct row chain[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/w", OURS, .dev = 9 },
		{ 3, 1, "/a", OURS, .dev = 9, .shared = 5, .root = "/x" },
		{ 4, 1, "/b", OURS, .dev = 9, .shared = 6, .master = 5, .root = "/x" },
		{ 5, 1, "/c", OURS, .dev = 9, .shared = 6, .master = 5, .root = "/y" },
	};

	assert_int_equal(anchors_of(peers, ARRAY_SIZE(peers)), 1);
	assert_int_equal(anchors_of(slave, ARRAY_SIZE(slave)), 1);
	/* An anchor shows the whole, so its master's group needs one as well. */
	assert_int_equal(anchors_of(chain, ARRAY_SIZE(chain)), 2);
}

static void an_anchor_may_show_what_no_mount_does(void **state)
{
	static const struct row peers[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/a", OURS, .dev = 9, .fstype = "sysfs", .shared = 5, .root = "/x" },
		{ 3, 1, "/b", OURS, .dev = 9, .fstype = "sysfs", .shared = 5, .root = "/y" },
		{ 4, 1, "/c", OURS, .dev = 9, .fstype = "sysfs", .master = 5, .root = "/z" },
	};
	static const struct row names[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/a", OURS, .dev = 9, .fstype = "sysfs", .shared = 5, .root = "/x" },
		{ 3, 1, "/b", OURS, .dev = 9, .fstype = "sysfs", .shared = 5, .root = "/y" },
		{ 4, 1, "/c", OURS, .dev = 9, .fstype = "sysfs", .shared = 6, .root = "/x" },
		{ 5, 1, "/d", OURS, .dev = 9, .fstype = "sysfs", .shared = 6, .root = "/y" },
	};

	assert_int_equal(anchors_of(peers, ARRAY_SIZE(peers)), 1);
	assert_int_equal(anchors_of(names, ARRAY_SIZE(names)), 2);
}

static void a_group_of_two_filesystems_is_refused(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/w", OURS, .dev = 9, .shared = 5 },
		{ 3, 1, "/a", OURS, .dev = 8, .shared = 5 },
	};

	refused(rows, ARRAY_SIZE(rows), "no member of its peer group");
}

/* ---- sources, which lie where the caller says ---- */

#define ON(path, whole, index)                                                               \
	{                                                                                    \
		.space = PLAN_SPACE(PLAN_SPACE_CALLERS, 7), .root = (path), .base = (whole), \
		.from = (index)                                                              \
	}

/* Return: how many findings there are; with none the plan is good. */
static uint32_t plan_places(const struct row *rows, size_t n, const struct plan_extent *places,
			    struct mount_tree *tree, struct plan *plan)
{
	cleanup_findings struct findings findings = { 0 };

	help_tree(tree, rows, n);
	struct plan_input input = { .tree = tree,
				    .extents = places,
				    .host_group = sim_all_host_groups };
	int err = plan_build(&input, plan, &findings);

	assert_int_equal(err, findings.n ? -EINVAL : 0);
	if (!err && sim_run(tree, plan, NULL))
		fail_msg("%s", sim_run(tree, plan, NULL));
	return findings.n;
}

static void parts_of_a_source_start_with_a_seed_that_is_cloned_before_the_pivot(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/a", CALLERS, .dev = 9, .shared = 5 },
		{ 3, 1, "/b", CALLERS, .dev = 9, .shared = 5 },
		{ 4, 1, "/c", CALLERS, .dev = 9, .master = 5 },
		{ 5, 1, "/d", CALLERS, .dev = 9, .shared = 6, .master = 5 },
		{ 6, 1, "/e", CALLERS, .dev = 9, .shared = 6, .master = 5 },
	};
	static const struct plan_extent places[] = {
		{ 0 },
		ON("/v/a", "/v/a", 1),
		ON("/v/b", "/v", 2),
		ON("/v/c", "/v", 3),
		ON("/v/d", "/v", 4),
		ON("/v/e", "/v", 5),
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan = { 0 };

	assert_int_equal(plan_places(rows, ARRAY_SIZE(rows), places, &tree, &plan), 0);
	assert_int_equal(sim_how_many(&plan, PLAN_ANCHOR_HOST), 2);
	assert_int_equal(plan.n_anchors, 2);
	for (uint32_t k = 0; k < plan.n; k++)
		if (plan.steps[k].op == PLAN_ANCHOR_HOST)
			assert_int_not_equal(plan.steps[k].other, 1);
}

static void the_widest_is_the_one_whose_source_has_the_others_in_it(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/a", CALLERS, .dev = 9, .shared = 5, .root = "/x" },
		{ 3, 1, "/b", CALLERS, .dev = 9, .shared = 5, .root = "/x/y" },
	};
	static const struct plan_extent places[] = { { 0 },
						     ON("/v/a/in", "/", 1),
						     ON("/v/a", "/", 2) };
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan = { 0 };

	assert_int_equal(plan_places(rows, ARRAY_SIZE(rows), places, &tree, &plan), 0);
	assert_int_equal(plan.n_anchors, 0);
	assert_int_equal(plan.steps[sim_where(&tree, &plan, PLAN_JOIN, 2)].other, 2);
}

static void sources_without_a_mount_in_common_are_refused(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/a", CALLERS, .dev = 9, .shared = 5 },
		{ 3, 1, "/b", CALLERS, .dev = 9, .shared = 5 },
		{ 4, 1, "/c", CALLERS, .dev = 9, .master = 5 },
		{ 5, 1, "/d", CALLERS, .dev = 9, .shared = 6, .master = 5 },
	};
	static const struct plan_extent places[] = {
		{ 0 },
		ON("/v/a", "/v/a", 1),
		ON("/v/b", "/v/b", 2),
		ON("/v/a/in", "/v/a/in", 3),
		{ .space = PLAN_SPACE(PLAN_SPACE_CALLERS, 8), .root = "/", .base = "/", .from = 4 },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan = { 0 };

	assert_int_equal(plan_places(rows, ARRAY_SIZE(rows), places, &tree, &plan), 2);
}

static void what_no_path_leads_to_is_tried(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/a", CALLERS, .dev = 9, .shared = 5 },
		{ 3, 1, "/b", CALLERS, .dev = 9, .shared = 5 },
	};
	static const struct plan_extent places[] = {
		{ 0 },
		ON("/v/a", "/", 1),
		{ .space = PLAN_SPACE(PLAN_SPACE_SOURCE, 0),
		  .root = "/",
		  .base = "/",
		  .from = 2,
		  .unknown = true },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan = { 0 };

	assert_int_equal(plan_places(rows, ARRAY_SIZE(rows), places, &tree, &plan), 0);
	assert_int_equal(sim_how_many(&plan, PLAN_JOIN), 1);
}

static void peers_of_the_callers_join_the_group_of_their_own_source(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/a", CALLERS, .dev = 9, .shared = 5, .host_shared = true },
		{ 3, 1, "/b", CALLERS, .dev = 9, .shared = 5, .host_shared = true },
		{ 4, 1, "/c", CALLERS, .dev = 9, .master = 5 },
	};
	static const struct plan_extent places[] = {
		{ 0 }, ON("/v/a", "/", 1), ON("/v/b", "/", 2), ON("/v/c", "/", 3)
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan = { 0 };

	assert_int_equal(plan_places(rows, ARRAY_SIZE(rows), places, &tree, &plan), 0);
	assert_int_equal(sim_how_many(&plan, PLAN_JOIN_HOST), 3);
	assert_int_equal(plan.n_anchors, 0);
}

/* ---- many ---- */

static void build_many(struct mount_tree *tree, uint32_t n, uint32_t n_peers)
{
	struct tree_fault fault;
	char path[32];

	*tree = (struct mount_tree){ 0 };
	help_put(tree, &(struct row){ 1, 0, "/", ROOT });
	for (uint32_t id = 2; id <= n; id++) {
		int size = snprintf(path, sizeof(path), "/%u", id);
		bool peer = id <= n_peers;
		struct mount *m = help_put(tree, &(struct row){ id, 1, "/", OURS, .dev = 9,
								.shared = peer ? 5 : 0,
								.master = peer ? 0 : 5 });

		m->mountpoint = arena_copy(&tree->strings, path, (size_t)size);
	}
	assert_ok(tree_link(tree, &fault));
}

static double seconds_for(uint32_t n)
{
	cleanup_findings struct findings findings = { 0 };
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;
	struct timespec from, to;

	build_many(&tree, n, n / 2);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	assert_ok(sim_plan(&tree, &plan, &findings));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	assert_in_range(plan.n, n, 5 * n);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static void many_peers_with_many_slaves_cost_the_same_for_each(void **state)
{
	double small = seconds_for(4500) + 0.0005, large = seconds_for(90000);

	if (large > small * 120)
		fail_msg("%f s for 4,500 mounts, %f s for 90,000", small, large);
}

static void a_long_chain_of_masters_has_a_plan(void **state)
{
	cleanup_tree struct mount_tree tree = { 0 };
	cleanup_plan struct plan plan;
	struct tree_fault fault;
	char path[32];

	help_put(&tree, &(struct row){ 1, 0, "/", ROOT });
	for (uint32_t id = 2; id <= 5000; id++) {
		int size = snprintf(path, sizeof(path), "/%u", id);
		struct mount *m =
			help_put(&tree, &(struct row){ id, 1, "/", OURS, .dev = 9, .shared = id,
						       .master = id < 5000 ? id + 1 : 0 });

		m->mountpoint = arena_copy(&tree.strings, path, (size_t)size);
	}
	assert_ok(tree_link(&tree, &fault));
	sim_good_plan(&tree, &plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mount_alone_in_its_group_is_shared_early_and_let_go),
		cmocka_unit_test(a_shared_mount_below_which_an_overlay_waits_is_not_shared_early),
		cmocka_unit_test(a_shared_overlay_is_shared_when_its_own_children_stand),
		cmocka_unit_test(peers_join_the_member_that_shows_the_most),
		cmocka_unit_test(masters_come_before_slaves_down_a_chain_listed_backwards),
		cmocka_unit_test(a_master_of_the_hosts_comes_from_the_source),
		cmocka_unit_test(a_master_that_no_source_can_give_is_left_out),
		cmocka_unit_test(unbindable_comes_last),
		cmocka_unit_test(a_group_that_is_its_own_master_is_refused),
		cmocka_unit_test(
			a_group_without_a_member_that_contains_the_others_starts_with_a_seed),
		cmocka_unit_test(an_anchor_may_show_what_no_mount_does),
		cmocka_unit_test(a_group_of_two_filesystems_is_refused),
		cmocka_unit_test(
			parts_of_a_source_start_with_a_seed_that_is_cloned_before_the_pivot),
		cmocka_unit_test(the_widest_is_the_one_whose_source_has_the_others_in_it),
		cmocka_unit_test(sources_without_a_mount_in_common_are_refused),
		cmocka_unit_test(what_no_path_leads_to_is_tried),
		cmocka_unit_test(peers_of_the_callers_join_the_group_of_their_own_source),
		cmocka_unit_test(many_peers_with_many_slaves_cost_the_same_for_each),
		cmocka_unit_test(a_long_chain_of_masters_has_a_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
