// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whose is it, in a namespace that has some of each, made of what lies in /tmp/host. */
#include "mnt/external.h"
#include "mnt/undecided.h"
#include "mnt/validate.h"
#include "test/unit/help.h"

static void build_host(void)
{
	static const char *const dirs[] = { "/tmp/host",	 "/tmp/host/vol",
					    "/tmp/host/vol/sub", "/tmp/host/vol/d",
					    "/tmp/host/shm",	 "/tmp/host/else",
					    "/tmp/host/other",	 "/tmp/host/alone" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		help_must(mkdir(dirs[i], 0755));
		if (i == 0)
			help_must(mount("host", "/tmp/host", "tmpfs", 0, NULL));
	}
	help_write("/tmp/host/file", "");
	help_must(mount("sub", "/tmp/host/vol/sub", "tmpfs", 0, NULL));
	help_must(mount("shm", "/tmp/host/shm", "tmpfs", 0, NULL));
	/* The same filesystem again at another place, listed later. */
	help_must(mount("/tmp/host/vol/sub", "/tmp/host/else", NULL, MS_BIND, NULL));
	help_must(mount("other", "/tmp/host/other", "tmpfs", 0, NULL));
	help_must(mkdir("/tmp/host/other/deep", 0755));
}

static void bind(const char *from, const char *to, bool recursive)
{
	help_must(mkdir(to, 0755));
	help_must(mount(from, to, NULL, MS_BIND | (recursive ? MS_REC : 0), NULL));
}

static void create(const char *type, const char *to)
{
	help_must(mkdir(to, 0755));
	help_must(mount(type, to, type, 0, NULL));
}

static void build_ours(void)
{
	create("tmpfs", "t");
	help_must(mkdir("t/x", 0755));
	help_must(mkdir("t/gone", 0755));
	bind("t/x", "t-bind", false);
	bind("t/gone", "gone", false);
	help_must(rmdir("t/gone"));
	create("proc", "proc");
	bind("proc/sys", "proc-sys", false);
	create("sysfs", "sys");
	help_must(mkdir("dir", 0755));
	bind("dir", "root-bind", false);
	create("ramfs", "stack");
	help_must(mount("tmpfs", "stack", "tmpfs", 0, NULL));
	create("debugfs", "debug");
}

static void build_theirs(void)
{
	bind("/tmp/host/vol", "data", true);
	bind("/tmp/host/vol/d", "part", false);
	bind("/tmp/host/vol", "0again", true);
	bind("/tmp/host/vol/sub", "sub-again", false);
	bind("/tmp/host/shm", "shm", false);
	bind("/tmp/host/other/deep", "deep", false);
	help_write("file", "");
	help_must(mount("/tmp/host/file", "file", NULL, MS_BIND, NULL));
	help_must(symlink("/data", "link"));
	bind("/", "hostroot", false);
	help_must(mount("/tmp", "hostroot/tmp", NULL, MS_BIND, NULL));
}

static void build_some_of_each(void)
{
	build_ours();
	build_theirs();
}

/* ---- deciding ---- */

struct decision {
	struct scan_target target;
	struct mount_tree tree, callers;
	struct visible callers_visible;
	struct visible visible;
	struct findings findings;
	struct external_options words;
	struct external_input in;
};

static void read_trees(struct decision *d, const struct space *space)
{
	cleanup_target struct scan_target own = SCAN_TARGET_NONE;

	*d = (struct decision){ .target = SCAN_TARGET_NONE };
	assert_ok(scan_open(space->ns_fd, &d->target));
	assert_ok(scan_read(&d->target, SCAN_BEST, &d->tree));
	assert_ok(visible_find_all(&d->tree, &d->visible));
	assert_ok(scan_open_own(&own));
	assert_ok(scan_read(&own, SCAN_BEST, &d->callers));
	assert_ok(visible_find_all(&d->callers, &d->callers_visible));
	d->in = (struct external_input){
		.target = &d->target,
		.tree = &d->tree,
		.visible = &d->visible,
		.callers = &d->callers,
		.callers_visible = &d->callers_visible,
		.options = &d->words,
		.findings = &d->findings,
	};
}

static void decide(struct decision *d, const struct space *space, const char *const *words,
		   size_t n)
{
	read_trees(d, space);
	assert_ok(external_options_parse(EXTERNAL_OPTION_DUMP, words, n, &d->words, &d->findings));
	assert_ok(external_decide(&d->in));
}

static void decision_free(struct decision *d)
{
	scan_close(&d->target);
	tree_free(&d->tree);
	tree_free(&d->callers);
	visible_free(&d->callers_visible);
	visible_free(&d->visible);
	findings_free(&d->findings);
	external_options_free(&d->words);
}
#define cleanup_decision cleanup(decision_free)

static const struct mount *at(const struct decision *d, const char *path)
{
	const struct mount *m = visible_at(&d->tree, &d->visible, path);

	if (!m)
		fail_msg("nothing at '%s'", path);
	return m;
}

#define assert_owner(d, path, who)                                                   \
	do {                                                                         \
		if (at(d, path)->owner != (who))                                     \
			fail_msg("'%s' is %d, not " #who, path, at(d, path)->owner); \
	} while (0)

static void what_we_create_is_ours_and_so_are_binds_of_it(void **state)
{
	static const char *const ours[] = { "/t",   "/t-bind",	  "/proc",  "/proc-sys",
					    "/sys", "/root-bind", "/stack", "/gone" };
	cleanup_decision struct decision d;

	decide(&d, *state, NULL, 0);
	assert_int_equal(d.findings.n, 0);
	assert_int_equal(d.tree.mounts[d.tree.root].owner, MOUNT_ROOT);
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		assert_owner(&d, ours[i], MOUNT_INTERNAL);
	assert_int_equal(tree_parent(&d.tree, at(&d, "/stack"))->owner, MOUNT_INTERNAL);
}

static void what_is_the_callers_or_on_request_is_nobodys(void **state)
{
	static const char *const nobodys[] = { "/data", "/data/sub", "/part",  "/sub-again", "/shm",
					       "/deep", "/file",     "/debug", "/hostroot" };
	cleanup_decision struct decision d;

	decide(&d, *state, NULL, 0);
	for (size_t i = 0; i < ARRAY_SIZE(nobodys); i++)
		assert_owner(&d, nobodys[i], MOUNT_UNDECIDED);
	validate_mounts(&d.tree);
	assert_ok(undecided_refuse(&d.in));
	assert_int_equal(validate_dump(&d.target, &d.tree, &d.callers, &d.findings), -EINVAL);
	/* All at once. */
	assert_true(d.findings.n >= ARRAY_SIZE(nobodys));
	for (size_t i = 0; i < ARRAY_SIZE(nobodys); i++)
		assert_true(at(&d, nobodys[i])->need_plugin);
	assert_false(at(&d, "/t")->need_plugin);
}

static void a_declared_mount_brings_its_submounts_and_binds_along(void **state)
{
	static const char *const words[] = { "mnt[/data]:vol" };
	static const char *const along[] = { "/data/sub", "/part" };
	cleanup_decision struct decision d;

	decide(&d, *state, words, 1);
	assert_int_equal(d.findings.n, 0);
	assert_owner(&d, "/data", MOUNT_EXTERNAL);
	assert_string_equal(at(&d, "/data")->key, "vol");
	assert_false(at(&d, "/data")->comes_along);
	for (size_t i = 0; i < ARRAY_SIZE(along); i++) {
		assert_owner(&d, along[i], MOUNT_EXTERNAL);
		assert_true(at(&d, along[i])->comes_along);
		assert_string_equal(at(&d, along[i])->parent_key, "vol");
		assert_null(at(&d, along[i])->key);
	}
	assert_owner(&d, "/file", MOUNT_UNDECIDED);
	assert_null(at(&d, "/data/sub")->parent_path);
	/* Not where the volume's source has it: its record says where that is. */
	assert_owner(&d, "/sub-again", MOUNT_EXTERNAL);
	assert_string_equal(at(&d, "/sub-again")->parent_path, "/sub");
	assert_owner(&d, "/0again/sub", MOUNT_EXTERNAL);
	assert_string_equal(at(&d, "/0again/sub")->parent_path, "/sub");
}

static void what_the_container_mounted_into_a_volume_is_its_own(void **state)
{
	static const char *const words[] = { "mnt[/root-bind]:r", "mnt[/stack]:s" };
	cleanup_decision struct decision d;

	decide(&d, *state, words, 2);
	assert_owner(&d, "/stack", MOUNT_EXTERNAL);
	assert_int_equal(tree_parent(&d.tree, at(&d, "/stack"))->owner, MOUNT_INTERNAL);
	assert_owner(&d, "/t", MOUNT_INTERNAL);
}

static void the_hosts_root_brings_the_hosts_mounts_along(void **state)
{
	static const char *const words[] = { "mnt[/hostroot]:host" };
	cleanup_decision struct decision d;

	decide(&d, *state, words, 1);
	assert_owner(&d, "/hostroot/tmp", MOUNT_EXTERNAL);
	assert_string_equal(at(&d, "/hostroot/tmp")->parent_key, "host");
}

static void a_mount_is_named_by_path_through_a_symlink_or_by_number(void **state)
{
	cleanup_decision struct decision by_link, by_id;
	char word[32];

	decide(&by_link, *state, (const char *const[]){ "mnt[/link]:vol" }, 1);
	assert_string_equal(at(&by_link, "/data")->key, "vol");
	snprintf(word, sizeof(word), "mnt[#%u]:vol", at(&by_link, "/data")->id);
	decide(&by_id, *state, (const char *const[]){ word }, 1);
	assert_string_equal(at(&by_id, "/data")->key, "vol");
	assert_int_equal(by_id.findings.n, 0);
}

static void words_that_fit_no_mount_are_findings_all_of_them(void **state)
{
	static const char *const words[] = { "mnt[/nowhere]:a", "mnt[/dir]:b",	"mnt[#999999]:c",
					     "mnt[/]:d",	"mnt[/data]:e", "mnt[/link]:f" };
	static const char *const codes[] = { "option", "option", "option", "option",
					     "declared-twice" };
	cleanup_decision struct decision d;

	decide(&d, *state, words, ARRAY_SIZE(words));
	assert_int_equal(d.findings.n, ARRAY_SIZE(codes));
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		assert_string_equal(d.findings.list[i].code, codes[i]);
	assert_int_equal(d.tree.mounts[d.tree.root].owner, MOUNT_ROOT);
}

static void skipped_mounts_are_left_out_with_all_below_them(void **state)
{
	static const char *const skip[] = { "/data", "/proc" };
	cleanup_decision struct decision d;

	read_trees(&d, *state);
	d.in.skip_mnt = skip;
	d.in.n_skip_mnt = 2;
	assert_ok(external_decide(&d.in));
	assert_owner(&d, "/data", MOUNT_SKIPPED);
	assert_owner(&d, "/data/sub", MOUNT_SKIPPED);
	assert_owner(&d, "/proc", MOUNT_SKIPPED);
	assert_owner(&d, "/part", MOUNT_UNDECIDED);
	assert_owner(&d, "/t", MOUNT_INTERNAL);
}

static void the_root_cannot_be_skipped(void **state)
{
	static const char *const skip[] = { "/" };
	cleanup_decision struct decision d;

	read_trees(&d, *state);
	d.in.skip_mnt = skip;
	d.in.n_skip_mnt = 1;
	assert_ok(external_decide(&d.in));
	assert_int_equal(d.findings.n, 1);
	assert_int_equal(d.tree.mounts[d.tree.root].owner, MOUNT_ROOT);
}

static void a_copy_is_taken_of_the_callers_filesystem_on_consent(void **state)
{
	static const char *const copy[] = { "/shm" };
	cleanup_decision struct decision d;

	read_trees(&d, *state);
	d.in.copy = copy;
	d.in.n_copy = 1;
	assert_ok(external_decide(&d.in));
	assert_owner(&d, "/shm", MOUNT_INTERNAL);
	assert_owner(&d, "/data/sub", MOUNT_UNDECIDED);
}

static void a_filesystem_on_request_is_ours_when_it_is_enabled(void **state)
{
	static const char *const enable[] = { "tracefs", "debugfs" };
	cleanup_decision struct decision d;

	read_trees(&d, *state);
	d.in.enable_fs = enable;
	d.in.n_enable_fs = 2;
	assert_ok(external_decide(&d.in));
	assert_owner(&d, "/debug", MOUNT_INTERNAL);
}

static void automatic_ones_are_found_in_the_callers_namespace(void **state)
{
	static const char *const words[] = { "mnt[]" };
	static const struct {
		const char *path, *source;
	} found[] = {
		{ "/file", "/tmp/host/file" },	{ "/data", "/tmp/host/vol" },
		{ "/part", "/tmp/host/vol/d" }, { "/deep", "/tmp/host/other/deep" },
		{ "/shm", "/tmp/host/shm" },	{ "/hostroot", "/" },
	};
	cleanup_decision struct decision d;

	decide(&d, *state, words, 1);
	validate_mounts(&d.tree);
	assert_ok(external_detect(&d.in));
	for (size_t i = 0; i < ARRAY_SIZE(found); i++) {
		assert_owner(&d, found[i].path, MOUNT_EXTERNAL);
		assert_string_equal(at(&d, found[i].path)->key, MOUNT_KEY_AUTO);
		assert_string_equal(at(&d, found[i].path)->source, found[i].source);
	}
	assert_owner(&d, "/t", MOUNT_INTERNAL);
}

static void what_was_deleted_comes_from_nowhere(void **state)
{
	static const char *const words[] = { "mnt[]", "mnt[/t]:t" };
	cleanup_decision struct decision d;

	/* /gone was a directory of /t: there is nothing that a path could find again. */
	decide(&d, *state, words, 2);
	validate_mounts(&d.tree);
	assert_ok(external_detect(&d.in));
	assert_owner(&d, "/t-bind", MOUNT_EXTERNAL);
	assert_owner(&d, "/gone", MOUNT_UNDECIDED);
}

int main(void)
{
	struct space space;
	struct CMUnitTest tests[] = {
		cmocka_unit_test(what_we_create_is_ours_and_so_are_binds_of_it),
		cmocka_unit_test(what_is_the_callers_or_on_request_is_nobodys),
		cmocka_unit_test(a_declared_mount_brings_its_submounts_and_binds_along),
		cmocka_unit_test(what_the_container_mounted_into_a_volume_is_its_own),
		cmocka_unit_test(the_hosts_root_brings_the_hosts_mounts_along),
		cmocka_unit_test(a_mount_is_named_by_path_through_a_symlink_or_by_number),
		cmocka_unit_test(words_that_fit_no_mount_are_findings_all_of_them),
		cmocka_unit_test(skipped_mounts_are_left_out_with_all_below_them),
		cmocka_unit_test(the_root_cannot_be_skipped),
		cmocka_unit_test(a_copy_is_taken_of_the_callers_filesystem_on_consent),
		cmocka_unit_test(a_filesystem_on_request_is_ours_when_it_is_enabled),
		cmocka_unit_test(automatic_ones_are_found_in_the_callers_namespace),
		cmocka_unit_test(what_was_deleted_comes_from_nowhere),
	};

	if (help_unshare())
		return 1;
	build_host();
	help_space(&space, build_some_of_each);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		tests[i].initial_state = &space;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	help_space_end(&space);
	return failed;
}
