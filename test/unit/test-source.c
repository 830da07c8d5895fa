// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sources in /tmp/s (a tmpfs, nosuid) and /tmp/s/sub (another, read-only). */
#include "mnt/source/clone.h"
#include "test/unit/help.h"

#define CALLERS MOUNT_EXTERNAL

static void build_sources(void)
{
	static const char *const dirs[] = { "/tmp/s",	  "/tmp/s/a",	  "/tmp/s/b",
					    "/tmp/s/sub", "/tmp/s/under", "/tmp/s/under/x" };

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		help_must(mkdir(dirs[i], 0755));
		if (i == 0)
			help_must(mount("s", "/tmp/s", "tmpfs", MS_NOSUID, NULL));
	}
	help_write("/tmp/s/file", "f");
	help_must(symlink("a", "/tmp/s/link"));
	help_must(mount("sub", "/tmp/s/sub", "tmpfs", 0, NULL));
	help_must(mkdir("/tmp/s/sub/in", 0755));
	help_must(mount(NULL, "/tmp/s/sub", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
}

struct search {
	struct mount_tree tree, callers;
	struct external_options words;
	struct findings findings;
	struct rebind_restore_options options;
	struct sources sources;
};

static void search_free(struct search *s)
{
	tree_free(&s->tree);
	tree_free(&s->callers);
	external_options_free(&s->words);
	findings_free(&s->findings);
	sources_free(&s->sources);
}
#define cleanup_search cleanup(search_free)

/* What an image asks for, and what the caller says. */
static void search_tree(struct search *s, const struct row *rows, size_t n)
{
	cleanup_target struct scan_target own = SCAN_TARGET_NONE;

	*s = (struct search){ .options = { .root = "/tmp/s" } };
	help_tree(&s->tree, rows, n);
	assert_ok(scan_open_own(&own));
	assert_ok(scan_read(&own, SCAN_BEST, &s->callers));
}

static void search_for(struct search *s, const char *const *words, size_t n)
{
	struct source_input input = {
		.options = &s->options,
		.tree = &s->tree,
		.callers = &s->callers,
		.externals = &s->words,
		.findings = &s->findings,
	};

	assert_ok(
		external_options_parse(EXTERNAL_OPTION_RESTORE, words, n, &s->words, &s->findings));
	assert_ok(source_find_all(&input, &s->sources));
}

/* As search_tree(), with mounts at /m0, /m1, ... whose keys are given. */
static void search_keys(struct search *s, const char *const *keys, size_t n)
{
	static const char *const paths[] = {
		"/m0", "/m1", "/m2", "/m3", "/m4", "/m5", "/m6", "/m7"
	};
	struct row rows[9] = { { 1, 0, "/", MOUNT_ROOT } };

	for (uint32_t i = 0; i < n; i++)
		rows[i + 1] = (struct row){ i + 2, 1, paths[i], CALLERS };
	search_tree(s, rows, n + 1);
	for (uint32_t i = 0; i < n; i++)
		s->tree.mounts[i + 1].key = keys[i];
}

static void codes_are(const struct search *s, const char *codes)
{
	char text[256] = "";

	for (size_t i = 0; i < s->findings.n; i++) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "",
			 s->findings.list[i].code);
	}
	assert_string_equal(text, codes);
}

static void sources_are_grouped_by_the_mount_they_lie_on(void **state)
{
	static const char *const keys[] = { "a", "b", "f", "in" };
	static const char *const words[] = { "mnt[a]:/tmp/s/a", "mnt[b]:/tmp/s/b",
					     "mnt[f]:/tmp/s/file", "mnt[in]:/tmp/s/sub/in" };
	cleanup_search struct search s;

	search_keys(&s, keys, 4);
	search_for(&s, words, 4);
	codes_are(&s, "");
	assert_int_equal(s.sources.n_groups, 2);
	for (int i = 1; i < 4; i++)
		assert_int_equal(s.sources.of[i].group, s.sources.of[0].group);
	assert_true(s.sources.of[4].group != s.sources.of[0].group);
	assert_string_equal(s.sources.of[0].rest, "");
	assert_string_equal(s.sources.of[1].rest, "/a");
	assert_string_equal(s.sources.of[4].rest, "/in");
	assert_int_equal(s.tree.mounts[1].kind, MOUNT_KIND_DIRECTORY);
	assert_int_equal(s.tree.mounts[3].kind, MOUNT_KIND_FILE);
}

static void restrictions_of_the_source_are_added(void **state)
{
	static const char *const keys[] = { "a", "in" };
	static const char *const words[] = { "mnt[a]:/tmp/s/a", "mnt[in]:/tmp/s/sub/in" };
	static const char *const flags[] = { "in:rw,noexec" };
	cleanup_search struct search s;

	search_keys(&s, keys, 2);
	s.tree.mounts[1].attributes = MOUNT_ATTR_NODEV;
	s.options.external_flags = flags;
	s.options.n_external_flags = 1;
	search_for(&s, words, 2);
	codes_are(&s, "");
	assert_int_equal(s.tree.mounts[1].attributes, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID);
	assert_int_equal(s.tree.mounts[2].attributes, MOUNT_ATTR_NOEXEC);
}

static void a_source_of_the_other_kind_is_a_finding(void **state)
{
	static const char *const keys[] = { "dir", "file" };
	static const char *const words[] = { "mnt[dir]:/tmp/s/a", "mnt[file]:/tmp/s/file" };
	cleanup_search struct search s;

	search_keys(&s, keys, 2);
	s.tree.mounts[1].kind = MOUNT_KIND_FILE;
	s.tree.mounts[2].kind = MOUNT_KIND_DIRECTORY;
	search_for(&s, words, 2);
	codes_are(&s, "source-kind source-kind");
	assert_int_equal(s.sources.of[1].group, MOUNT_NONE);
}

static void all_that_is_missing_and_all_that_is_too_much_is_told_at_once(void **state)
{
	static const char *const keys[] = { "a", "none", MOUNT_KEY_AUTO };
	static const char *const words[] = { "mnt[a]:/tmp/s/nowhere", "mnt[too-much]:/tmp/s/a" };
	static const char *const flags[] = { "unknown:ro", "a:nonsense", "no-colon", "a:idmapped" };
	cleanup_search struct search s;

	search_keys(&s, keys, 3);
	s.tree.mounts[3].source = "/tmp/s/a";
	s.options.root = "/tmp/s/no-root";
	s.options.external_flags = flags;
	s.options.n_external_flags = 4;
	search_for(&s, words, 2);
	codes_are(&s, "no-root no-source no-source no-source unknown-key unknown-key");
	cleanup_findings struct findings usage = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		source_flags_check(flags[i], &usage);
	assert_int_equal(usage.n, 3); /* all but the first */
	assert_string_equal(s.findings.list[2].help, "pass --external 'mnt[none]:SOURCE'");
}

static void records_with_one_key_have_one_source(void **state)
{
	static const char *const keys[] = { "a", "a" };
	static const char *const words[] = { "mnt[a]:/tmp/s/a" };
	cleanup_search struct search s;

	search_keys(&s, keys, 2);
	search_for(&s, words, 1);
	codes_are(&s, "");
}

static void a_symlink_is_resolved_once_and_for_all(void **state)
{
	static const char *const keys[] = { "l", "m" };
	static const char *const words[] = { "mnt[l]:/tmp/s/link", "mnt[m]:/tmp/s/../s/link/" };
	cleanup_search struct search s;

	search_keys(&s, keys, 2);
	search_for(&s, words, 2);
	codes_are(&s, "");
	assert_string_equal(s.sources.of[1].rest, "/a");
	assert_string_equal(s.sources.of[2].rest, "/a");
}

static void what_the_image_names_itself_needs_consent(void **state)
{
	static const char *const keys[] = { MOUNT_KEY_AUTO };
	static const char *const words[] = { "mnt[]" };
	cleanup_search struct search s;

	search_keys(&s, keys, 1);
	s.tree.mounts[1].source = "/tmp/s/b";
	search_for(&s, words, 1);
	codes_are(&s, "");
	assert_string_equal(s.sources.of[1].rest, "/b");
}

static void what_came_along_is_found_below_its_volume(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", MOUNT_ROOT },
		{ 2, 1, "/v", CALLERS, .dev = 9 },
		{ 3, 2, "/v/sub", CALLERS, .dev = 10 },
		{ 4, 1, "/part", CALLERS, .dev = 9, .root = "/a" },
		{ 5, 1, "/lost", CALLERS, .dev = 11 },
	};
	static const char *const words[] = { "mnt[v]:/tmp/s" };
	cleanup_search struct search s;

	search_tree(&s, rows, 5);
	s.tree.mounts[1].key = "v";
	for (int i = 2; i < 5; i++)
		s.tree.mounts[i].parent_key = i < 4 ? "v" : "unknown";
	search_for(&s, words, 1);
	codes_are(&s, "no-source");
	assert_int_equal(s.findings.list[0].mount_id, 5);
	assert_true(s.sources.of[2].group != s.sources.of[1].group);
	assert_string_equal(s.sources.of[2].rest, "");
	assert_string_equal(s.sources.of[3].rest, "/a");
}

static void what_came_along_as_a_mount_and_is_none_any_more_is_warned_of(void **state)
{
	static const struct row rows[] = {
		{ 1, 0, "/", MOUNT_ROOT },
		{ 2, 1, "/v", CALLERS, .dev = 9, .root = "/old" },
		{ 3, 2, "/v/sub", CALLERS, .dev = 10 },
		{ 4, 2, "/v/under/x", CALLERS, .dev = 10 },
		{ 5, 1, "/part", CALLERS, .dev = 9, .root = "/old/a" },
		{ 6, 1, "/of-sub", CALLERS, .dev = 10, .root = "/in" },
		{ 7, 1, "/own", CALLERS, .dev = 10, .root = "/in" },
	};
	static const char *const words[] = { "mnt[v]:/tmp/s", "mnt[own]:/tmp/s/b" };
	cleanup_search struct search s;

	search_tree(&s, rows, ARRAY_SIZE(rows));
	s.tree.mounts[1].key = "v";
	for (int i = 2; i < 6; i++)
		s.tree.mounts[i].parent_key = "v";
	s.tree.mounts[5].parent_path = "/sub/in";
	s.tree.mounts[6].key = "own";
	help_keep_log();
	search_for(&s, words, 2);
	log_to(NULL, NULL, LOG_WARN);
	codes_are(&s, "");
	assert_non_null(strstr(help_log_text, "mount 4 '/v/under/x' came along"));
	assert_non_null(strstr(help_log_text, "'/under/x'"));
	assert_non_null(strstr(help_log_text, "--external mnt[/v/under/x]:KEY"));
	assert_null(strchr(strchr(help_log_text, '\n') + 1, '\n'));
}

static void a_descriptor_is_a_source(void **state)
{
	static const char *const keys[] = { "a", "closed", "both" };
	static const char *const words[] = { "mnt[both]:/tmp/s/a" };
	cleanup_fd int fd = open("/tmp/s/b", O_PATH | O_CLOEXEC);
	const struct rebind_inherit_fd inherit[] = {
		{ sizeof(*inherit), fd, "a" },
		{ sizeof(*inherit), 9999, "closed" },
		{ sizeof(*inherit), fd, "both" },
		{ sizeof(*inherit), fd, "none" },
	};
	cleanup_search struct search s;

	search_keys(&s, keys, 3);
	s.options.inherit_fd = inherit;
	s.options.n_inherit_fd = 4;
	search_for(&s, words, 1);
	codes_are(&s, "no-source key-twice unknown-key");
	assert_true(s.sources.of[1].group != MOUNT_NONE);
	assert_int_equal(s.tree.mounts[1].attributes, MOUNT_ATTR_NOSUID);
}

static void a_source_is_cloned_by_its_path_in_the_clone_of_its_mount(void **state)
{
	static const char *const keys[] = { "f", "in" };
	static const char *const words[] = { "mnt[f]:/tmp/s/file", "mnt[in]:/tmp/s/sub/in" };
	cleanup_search struct search s;
	struct sys_mount_stat stat;

	search_keys(&s, keys, 2);
	search_for(&s, words, 2);
	assert_ok(source_clone_groups(&s.sources, &s.tree));
	cleanup_fd int staging = open("/tmp/staging", O_PATH | O_DIRECTORY | O_CLOEXEC);

	assert_ok(source_settle_groups(&s.sources, staging));
	cleanup_fd int file = source_clone(&s.sources, 1), root = source_clone(&s.sources, 0);
	cleanup_fd int open_file = source_open(&s.sources, 0, "/file");

	assert_true(file >= 0 && root >= 0 && open_file >= 0);
	assert_ok(sys_mount_stat(file, "", AT_EMPTY_PATH, &stat));
	assert_true(stat.is_mount_root && S_ISREG(stat.mode));
	/* Without what is mounted on it. */
	assert_int_equal(faccessat(root, "sub/in", F_OK, 0), -1);
	assert_int_equal(source_open(&s.sources, 0, "/link/x"), -ELOOP);
	assert_int_equal(source_open(&s.sources, 0, "/nowhere"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sources_are_grouped_by_the_mount_they_lie_on),
		cmocka_unit_test(restrictions_of_the_source_are_added),
		cmocka_unit_test(a_source_of_the_other_kind_is_a_finding),
		cmocka_unit_test(all_that_is_missing_and_all_that_is_too_much_is_told_at_once),
		cmocka_unit_test(records_with_one_key_have_one_source),
		cmocka_unit_test(a_symlink_is_resolved_once_and_for_all),
		cmocka_unit_test(what_the_image_names_itself_needs_consent),
		cmocka_unit_test(what_came_along_is_found_below_its_volume),
		cmocka_unit_test(what_came_along_as_a_mount_and_is_none_any_more_is_warned_of),
		cmocka_unit_test(a_descriptor_is_a_source),
		cmocka_unit_test(a_source_is_cloned_by_its_path_in_the_clone_of_its_mount),
	};

	if (help_unshare())
		return 1;
	build_sources();
	help_must(mkdir("/tmp/staging", 0755));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
