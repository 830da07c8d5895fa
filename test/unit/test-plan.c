// SPDX-License-Identifier: LGPL-2.1-or-later
#include "test/unit/plan-simulator.h"

#define ROOT	MOUNT_ROOT
#define OURS	MOUNT_INTERNAL
#define CALLERS MOUNT_EXTERNAL
#define PLUGINS MOUNT_PLUGIN
#define HERE	(&tree)

static void parents_are_attached_before_children_and_deeper_places_first(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },	   { 2, 1, "/a", OURS },	{ 3, 1, "/a/b", OURS },
		{ 4, 2, "/a/b", CALLERS }, { 5, 3, "/a/b/c", CALLERS }, { 6, 2, "/a", OURS },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	sim_good_plan(&tree, &plan);
	assert_true(sim_where(HERE, &plan, PLAN_ATTACH, 3) <
		    sim_where(HERE, &plan, PLAN_ATTACH, 2));
	assert_true(sim_where(HERE, &plan, PLAN_ATTACH, 4) <
		    sim_where(HERE, &plan, PLAN_ATTACH, 6));
	assert_int_equal(sim_how_many(&plan, PLAN_ATTACH), 6);
}

static void premounts_are_made_first_and_moved_into_place(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },	 { 2, 1, "/a", OURS },	 { 3, 2, "/a/v", PLUGINS },
		{ 4, 1, "/w", PLUGINS }, { 5, 4, "/w/x", OURS },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	sim_good_plan(&tree, &plan);
	assert_true(sim_where(HERE, &plan, PLAN_PREMOUNT, 3) < 2);
	assert_true(sim_where(HERE, &plan, PLAN_PREMOUNT, 4) < 2);
	assert_int_equal(sim_how_many(&plan, PLAN_MOVE), 2);
}

static void a_superblock_is_created_once_and_cloned_from_its_first_whole_mount(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/c", OURS, .dev = 9 },
		{ 3, 1, "/b", OURS, .dev = 9, .root = "/part" },
		{ 4, 1, "/a", OURS, .dev = 9 },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	sim_good_plan(&tree, &plan);
	assert_int_equal(sim_how_many(&plan, PLAN_CREATE), 1);
	assert_int_equal(sim_how_many(&plan, PLAN_YARD), 0);
	assert_int_not_equal(sim_where(HERE, &plan, PLAN_LEND, 2), UINT32_MAX);
	assert_int_equal(sim_how_many(&plan, PLAN_CLONE), 2);
	assert_int_equal(sim_how_many(&plan, PLAN_TAKE), 0);
	assert_true(sim_where(HERE, &plan, PLAN_DROP, 2) > sim_where(HERE, &plan, PLAN_CLONE, 4));
}

/* What a clone of it would not be, or not quickly, or not yet be there to be cloned. */
static void a_first_mount_that_changes_or_has_children_is_not_lent(void **state)
{
	static const struct row plain[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/c", OURS, .dev = 9 },
		{ 3, 1, "/b", OURS, .dev = 9 },
		{ 4, 2, "/c/in", CALLERS },
	};

	for (int what = 0; what < 5; what++) {
		struct row rows[ARRAY_SIZE(plain)];
		cleanup_tree struct mount_tree tree;
		cleanup_plan struct plan plan;

		memcpy(rows, plain, sizeof(rows));
		rows[1].shared = what == 1 ? 7 : 0;
		rows[1].root = what == 2 ? "/part" : "/";
		help_tree(&tree, rows, ARRAY_SIZE(rows) - (what != 0));
		if (what == 3)
			tree.mounts[1].idmap = calloc(1, sizeof(*tree.mounts[1].idmap));
		tree.mounts[2].deleted = what == 4;
		sim_good_plan(&tree, &plan);
		assert_int_equal(sim_how_many(&plan, PLAN_YARD), 1);
		assert_int_equal(sim_how_many(&plan, PLAN_LEND), 0);
	}
}

static void a_giver_whose_last_mount_shows_a_part_is_dropped(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/c", OURS, .dev = 9 },
		{ 3, 1, "/b", OURS, .dev = 9, .root = "/part" },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	sim_good_plan(&tree, &plan);
	assert_int_equal(sim_how_many(&plan, PLAN_DROP), 1);
	assert_int_equal(sim_how_many(&plan, PLAN_TAKE), 0);
}

static void roots_are_deleted_when_all_mounts_of_their_filesystem_stand(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/d", OURS, .dev = 9 },
		{ 3, 1, "/c", OURS, .dev = 9, .root = "/gone" },
		{ 4, 1, "/b", OURS, .dev = 9, .root = "/gone" },
		{ 5, 1, "/a", OURS, .dev = 9 },
		{ 6, 1, "/over", OURS, .dev = 10, .fstype = "overlay" },
		{ 7, 6, "/over/x", OURS, .dev = 9, .root = "/gone" },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	for (uint32_t i = 0; i < tree.n; i++)
		tree.mounts[i].deleted = strcmp(tree.mounts[i].root, "/gone") == 0;
	sim_good_plan(&tree, &plan);
	assert_int_equal(sim_how_many(&plan, PLAN_DELETE), 1);
	assert_int_equal(sim_how_many(&plan, PLAN_TAKE), 1); /* the overlay's */
	assert_true(sim_where(HERE, &plan, PLAN_DELETE, 2) >
		    sim_where(HERE, &plan, PLAN_ATTACH, 7));
	assert_true(sim_where(HERE, &plan, PLAN_DROP, 2) > sim_where(HERE, &plan, PLAN_DELETE, 2));
}

static void mounts_of_the_roots_filesystem_are_parts_of_its_source(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT, .dev = 5, .root = "/srv", .fstype = "ext4" },
		{ 2, 1, "/x", OURS, .dev = 5, .root = "/srv/y", .fstype = "ext4" },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	sim_good_plan(&tree, &plan);
	assert_int_equal(sim_how_many(&plan, PLAN_CREATE), 0);
	assert_int_equal(plan.steps[sim_where(HERE, &plan, PLAN_CLONE, 2)].other, tree.root);
}

static void overlays_wait_with_their_places_held_until_all_else_stands(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/m/merged", OURS, .fstype = "overlay" },
		{ 3, 2, "/m/merged/in", OURS },
		{ 4, 1, "/m", OURS }, /* covers the overlay's place */
		{ 5, 1, "/z", CALLERS },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	sim_good_plan(&tree, &plan);
	uint32_t created = sim_where(HERE, &plan, PLAN_CREATE, 2);

	assert_true(sim_where(HERE, &plan, PLAN_RESERVE, 2) <
		    sim_where(HERE, &plan, PLAN_ATTACH, 4));
	assert_true(created > sim_where(HERE, &plan, PLAN_ATTACH, 4));
	assert_true(created > sim_where(HERE, &plan, PLAN_ATTACH, 5));
	assert_true(created < sim_where(HERE, &plan, PLAN_ATTACH, 3));
}

static void overlays_follow_by_age_also_when_one_lies_in_another(void **state)
{
	/* 7 is made of what 6 shows, 6 lies in 5. */
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },
		{ 5, 1, "/a", OURS, .fstype = "overlay" },
		{ 6, 5, "/a/x", OURS, .fstype = "overlay" },
		{ 7, 1, "/b", OURS, .fstype = "overlay", .options = "lowerdir=/a/x:/l" },
		{ 8, 1, "/0", OURS, .fstype = "overlay" },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	sim_good_plan(&tree, &plan);
	for (uint32_t id = 5; id < 8; id++)
		assert_true(sim_where(HERE, &plan, PLAN_CREATE, id) <
			    sim_where(HERE, &plan, PLAN_CREATE, id + 1));
}

static void overlays_of_one_superblock_are_created_once(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT },
		{ 2, 1, "/b", OURS, .dev = 9, .fstype = "overlay" },
		{ 3, 1, "/a", OURS, .dev = 9, .fstype = "overlay", .root = "/etc" },
		{ 4, 3, "/a/in", CALLERS },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	sim_good_plan(&tree, &plan);
	assert_int_equal(sim_how_many(&plan, PLAN_CREATE), 1);
	assert_int_equal(sim_how_many(&plan, PLAN_RESERVE), 2);
}

static void an_external_overlay_does_not_wait(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT, .fstype = "overlay" },
		{ 2, 1, "/a", CALLERS, .fstype = "overlay" },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	sim_good_plan(&tree, &plan);
	assert_int_equal(sim_how_many(&plan, PLAN_RESERVE), 0);
}

static void read_only_superblocks_are_sealed_once_when_all_stands(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", ROOT, .sb_flags = MS_RDONLY, .fstype = "ext4" },
		{ 2, 1, "/t", OURS, .dev = 9, .sb_flags = MS_RDONLY },
		{ 3, 1, "/u", OURS, .dev = 9, .sb_flags = MS_RDONLY },
		{ 4, 2, "/t/in", CALLERS, .sb_flags = MS_RDONLY, .fstype = "ext4" },
		{ 5, 1, "/sys", OURS, .sb_flags = MS_RDONLY, .fstype = "sysfs" },
		{ 6, 1, "/o", OURS, .fstype = "overlay" },
		{ 7, 1, "/r", OURS, .dev = 1, .sb_flags = MS_RDONLY, .fstype = "ext4" },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	sim_good_plan(&tree, &plan);
	uint32_t seal = sim_where(HERE, &plan, PLAN_SEAL, 2);

	assert_int_equal(sim_how_many(&plan, PLAN_SEAL), 1);
	assert_true(seal > sim_where(HERE, &plan, PLAN_ATTACH, 6));
	assert_true(seal < sim_where(HERE, &plan, PLAN_PIVOT, 1));
}

static void below_an_overlay_mounts_become_read_only_when_it_stands(void **state)
{
	struct row rows[] = {
		{ 1, 0, "/", ROOT, .attributes = MOUNT_ATTR_RDONLY },
		{ 2, 1, "/t", OURS, .attributes = MOUNT_ATTR_RDONLY },
		{ 3, 1, "/v", CALLERS, .attributes = MOUNT_ATTR_RDONLY },
		{ 4, 1, "/r", OURS, .dev = 1, .root = "/r", .attributes = MOUNT_ATTR_RDONLY },
		{ 5, 1, "/o", OURS, .fstype = "overlay", .options = "upperdir=/t/u" },
	};
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, ARRAY_SIZE(rows));
	sim_good_plan(&tree, &plan);
	assert_int_equal(sim_how_many(&plan, PLAN_READONLY), 1);
	assert_true(sim_where(HERE, &plan, PLAN_READONLY, 2) >
		    sim_where(HERE, &plan, PLAN_ATTACH, 5));
	/* A root that is read-only may stand for a source that is. */
	rows[0].attributes = 0;
	cleanup_tree struct mount_tree again;
	cleanup_plan struct plan more;

	help_tree(&again, rows, ARRAY_SIZE(rows));
	sim_good_plan(&again, &more);
	assert_int_equal(sim_how_many(&more, PLAN_READONLY), 2);
}

static void a_namespace_of_one_mount_has_a_plan(void **state)
{
	static const struct row rows[] = { { 1, 0, "/", ROOT } };
	cleanup_tree struct mount_tree tree;
	cleanup_plan struct plan plan;

	help_tree(&tree, rows, 1);
	assert_int_equal(sim_good_plan(&tree, &plan), 1);
	assert_int_equal(plan.n, 3);
}

/* ---- descriptors ---- */

static void fill(struct mount_tree *tree, uint32_t n, bool deep)
{
	struct tree_fault fault;
	char path[32];

	*tree = (struct mount_tree){ 0 };
	for (uint32_t id = 1; id <= n; id++) {
		struct mount *m = help_put(tree, &(struct row){ id, deep ? id - 1 : id > 1, "/",
								id == 1 ? ROOT : OURS });
		int size = snprintf(path, sizeof(path), "/%u", id);

		if (id > 1 && !deep)
			m->mountpoint = arena_copy(&tree->strings, path, (size_t)size);
	}
	assert_ok(tree_link(tree, &fault));
}

static void open_descriptors_are_bounded_by_the_depth_and_not_by_the_number(void **state)
{
	cleanup_tree struct mount_tree flat, chain;
	cleanup_plan struct plan flat_plan, chain_plan;

	fill(&flat, 2000, false);
	assert_in_range(sim_good_plan(&flat, &flat_plan), 2, 4);
	/* A stack: each mount has one child, and is let go of when that stands. */
	fill(&chain, 2000, true);
	assert_in_range(sim_good_plan(&chain, &chain_plan), 2, 4);
}

static void a_plan_has_a_bounded_number_of_steps_for_each_mount(void **state)
{
	for (int deep = 0; deep < 2; deep++) {
		cleanup_tree struct mount_tree tree;
		cleanup_findings struct findings findings = { 0 };
		cleanup_plan struct plan plan;

		fill(&tree, 90000, deep);
		assert_ok(sim_plan(&tree, &plan, &findings));
		assert_in_range(plan.n, 90000, 4 * 90000);
	}
}

/* ---- any tree ---- */

static uint32_t random_below(uint32_t *anchor, uint32_t n)
{
	*anchor = *anchor * 1664525U + 1013904223U;
	return (*anchor >> 8) % n;
}

/* What such a mount is made of; some share the superblock of the one before. */
static void random_filesystem(struct mount_tree *tree, struct mount *m, uint32_t *anchor)
{
	static const uint8_t owners[] = { OURS, OURS, OURS, CALLERS, PLUGINS };
	const struct mount *before = m - 1;

	m->owner = owners[random_below(anchor, ARRAY_SIZE(owners))];
	m->fstype = random_below(anchor, 5) ? "tmpfs" : "overlay";
	m->sb_flags = random_below(anchor, 4) ? 0 : MS_RDONLY;
	m->unbindable = random_below(anchor, 10) == 0;
	if (m->owner == OURS && random_below(anchor, 3) == 0) {
		m->dev = before->dev;
		m->fstype = before->fstype;
		m->sb_flags = before->sb_flags;
		m->owner = before->owner == ROOT ? OURS : before->owner;
		m->root = random_below(anchor, 2) ? "/" : "/part";
	}
}

/* Every group shows one superblock: that of its first member, and "/" of it. */
static void random_sharing(struct mount_tree *tree, uint32_t *anchor)
{
	for (uint32_t i = 1; i < tree->n; i++) {
		struct mount *m = &tree->mounts[i], *other = &tree->mounts[random_below(anchor, i)];

		if (m->unbindable || random_below(anchor, 2))
			continue;
		m->shared = m->id;
		if (random_below(anchor, 4) == 0)
			m->master = 100000 + m->id; /* the host's */
		if (!other->shared || other->dev != m->dev)
			continue;
		bool peer = random_below(anchor, 2);

		m->master = peer ? other->master : other->shared;
		m->shared = peer ? other->shared : random_below(anchor, 2) ? m->id : 0;
	}
}

static void random_tree(struct mount_tree *tree, uint32_t anchor)
{
	uint32_t n = 2 + random_below(&anchor, 30);
	struct tree_fault fault;

	*tree = (struct mount_tree){ 0 };
	help_put(tree, &(struct row){ 1, 0, "/", ROOT });
	for (uint32_t id = 2; id <= n; id++) {
		uint32_t parent = random_below(&anchor, id - 1);
		const char *above = tree->mounts[parent].mountpoint;
		char path[1024];
		int size = snprintf(path, sizeof(path), "%s%s/%c%s", above[1] ? above : "",
				    random_below(&anchor, 3) ? "" : "/z",
				    (char)('a' + random_below(&anchor, 3)),
				    random_below(&anchor, 3) ? "" : "/y");
		struct mount *m = help_put(tree, &(struct row){ id, parent + 1, "/", OURS });

		m->mountpoint = arena_copy(&tree->strings, path, (size_t)size);
		random_filesystem(tree, m, &anchor);
	}
	random_sharing(tree, &anchor);
	/* Two at one place: make the second a stack on the first. */
	while (tree_link(tree, &fault)) {
		struct mount *m = tree_find(tree, fault.id);

		for (uint32_t i = 0; i < tree->n; i++)
			if (&tree->mounts[i] != m && tree->mounts[i].parent_id == m->parent_id &&
			    strcmp(tree->mounts[i].mountpoint, m->mountpoint) == 0 &&
			    tree->mounts[i].id < m->id)
				m->parent_id = tree->mounts[i].id;
		if (tree->mounts[m->parent].id == m->parent_id)
			m->parent_id = m->id - 1,
			m->mountpoint = tree->mounts[m->id - 2].mountpoint;
	}
}

static void any_tree_has_a_plan_whose_every_step_finds_what_it_needs(void **state)
{
	uint32_t planned = 0;

	for (uint32_t anchor = 0; anchor < 20000; anchor++) {
		cleanup_tree struct mount_tree tree;
		cleanup_findings struct findings findings = { 0 };
		cleanup_plan struct plan plan;

		random_tree(&tree, anchor);
		int err = sim_plan(&tree, &plan, &findings);

		if (err) {
			assert_int_equal(err, -EINVAL);
			assert_true(findings.n > 0);
			continue;
		}
		const char *why = sim_run(&tree, &plan, NULL);

		if (why)
			fail_msg("tree %u: %s", anchor, why);
		planned++;
	}
	/* Refusals are for groups that cannot be; most trees have none of these. */
	assert_true(planned > 15000);
}

static void every_step_has_a_line(void **state)
{
	static const struct row rows[] = { { 1, 0, "/", ROOT }, { 2, 1, "/a\nb", OURS } };
	cleanup_tree struct mount_tree tree;

	help_tree(&tree, rows, 2);
	for (uint32_t op = PLAN_PREMOUNT; op <= PLAN_UNBINDABLE; op++) {
		cleanup_free char *line = plan_text(
			&tree, &(struct plan_step){
				       .op = op,
				       .mount = op >= PLAN_ANCHOR && op <= PLAN_ANCHOR_NEW ? 2 : 1,
				       .other = 1,
			       });

		assert_non_null(line);
		assert_non_null(strstr(line, "mount 2 '/a\\012b'"));
		assert_null(strstr(line, "(null)"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parents_are_attached_before_children_and_deeper_places_first),
		cmocka_unit_test(premounts_are_made_first_and_moved_into_place),
		cmocka_unit_test(
			a_superblock_is_created_once_and_cloned_from_its_first_whole_mount),
		cmocka_unit_test(a_first_mount_that_changes_or_has_children_is_not_lent),
		cmocka_unit_test(a_giver_whose_last_mount_shows_a_part_is_dropped),
		cmocka_unit_test(roots_are_deleted_when_all_mounts_of_their_filesystem_stand),
		cmocka_unit_test(mounts_of_the_roots_filesystem_are_parts_of_its_source),
		cmocka_unit_test(overlays_wait_with_their_places_held_until_all_else_stands),
		cmocka_unit_test(overlays_follow_by_age_also_when_one_lies_in_another),
		cmocka_unit_test(overlays_of_one_superblock_are_created_once),
		cmocka_unit_test(an_external_overlay_does_not_wait),
		cmocka_unit_test(read_only_superblocks_are_sealed_once_when_all_stands),
		cmocka_unit_test(below_an_overlay_mounts_become_read_only_when_it_stands),
		cmocka_unit_test(a_namespace_of_one_mount_has_a_plan),
		cmocka_unit_test(open_descriptors_are_bounded_by_the_depth_and_not_by_the_number),
		cmocka_unit_test(a_plan_has_a_bounded_number_of_steps_for_each_mount),
		cmocka_unit_test(any_tree_has_a_plan_whose_every_step_finds_what_it_needs),
		cmocka_unit_test(every_step_has_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
