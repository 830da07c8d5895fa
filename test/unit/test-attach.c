// SPDX-License-Identifier: LGPL-2.1-or-later
/* Mounts into places of a tmpfs at /tmp/root, which stands for the mount above them. */
#include "mnt/attach.h"
#include "base/tmpfs.h"
#include "test/unit/help.h"

#define MAX 4

struct bench {
	struct mount_tree tree;
	struct rebind_restore_options options;
	struct build b;
	int fds[MAX];
	struct target_mount targets[MAX];
	int socks[2];
};

static int start(void **state)
{
	help_must(mkdir("/tmp/root", 0755) < 0 && errno != EEXIST ? -1 : 0);
	help_must(mount("root", "/tmp/root", "tmpfs", 0, "mode=755"));
	help_must(mkdir("/tmp/root/dir", 0755));
	help_must(mkdir("/tmp/root/dir/sub", 0755));
	help_must(mkdir("/tmp/root/other", 0755));
	help_write("/tmp/root/file", "");
	help_must(symlink("dir", "/tmp/root/link"));
	help_must(symlink("file", "/tmp/root/link-to-file"));
	help_must(mount("covered", "/tmp/root/other", "tmpfs", 0, NULL));
	help_must(mkdir("/tmp/root/other/in", 0755));
	help_keep_log();
	return 0;
}

static int stop(void **state)
{
	return umount2("/tmp/root", MNT_DETACH);
}

/* A tree of the root and one mount at @path, made as a descriptor of @kind. */
static void bench_start(struct bench *bench, const char *path, enum mount_kind kind)
{
	const struct row rows[] = { { 1, 0, "/", MOUNT_ROOT, .dev = 5 },
				    { 2, 1, path, MOUNT_INTERNAL, .dev = 6 } };

	*bench = (struct bench){ .fds = { -1, -1, -1, -1 } };
	help_tree(&bench->tree, rows, 2);
	bench->tree.mounts[1].kind = (uint8_t)kind;
	assert_ok(fd_pair(bench->socks));
	bench->fds[0] = open("/tmp/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (kind == MOUNT_KIND_DIRECTORY)
		bench->fds[1] = tmpfs_directory();
	else
		bench->fds[1] = sys_open_tree(AT_FDCWD, "/tmp/root/file", OPEN_TREE_CLONE);
	assert_true(bench->fds[0] >= 0 && bench->fds[1] >= 0);
	bench->targets[1].kind = (uint8_t)kind;
	bench->b = (struct build){
		.options = &bench->options,
		.tree = &bench->tree,
		.fds = bench->fds,
		.targets = bench->targets,
		.cache = PATH_CACHE_NONE,
		.caller_fd = bench->socks[0],
	};
}

static void bench_end(struct bench *bench)
{
	tree_free(&bench->tree);
	path_cache_forget(&bench->b.cache);
	findings_free(&bench->b.findings);
	table_free(&bench->b.reserved);
	journal_free(&bench->b.journal);
	for (int i = 0; i < MAX; i++)
		fd_close(&bench->fds[i]);
	fd_close(&bench->socks[0]);
	fd_close(&bench->socks[1]);
}

static bool is_mounted(const char *path)
{
	struct sys_mount_stat stat;

	return sys_mount_stat(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &stat) == 0 &&
	       stat.is_mount_root;
}

static const struct {
	const char *path;
	enum mount_kind kind;
	const char *code; /* the finding, or NULL: it is attached */
} cases[] = {
	{ "/dir", MOUNT_KIND_DIRECTORY, NULL },
	{ "/dir/sub", MOUNT_KIND_DIRECTORY, NULL },
	{ "/file", MOUNT_KIND_FILE, NULL },
	{ "/missing", MOUNT_KIND_DIRECTORY, "no-mountpoint" },
	{ "/missing/x", MOUNT_KIND_FILE, "no-mountpoint" },
	{ "/link", MOUNT_KIND_DIRECTORY, "symlink" },
	{ "/link/sub", MOUNT_KIND_DIRECTORY, "symlink" },
	{ "/link-to-file", MOUNT_KIND_FILE, "symlink" },
	{ "/../tmp", MOUNT_KIND_DIRECTORY, "other-mount" },
	{ "/dir/../../x", MOUNT_KIND_DIRECTORY, "other-mount" },
	{ "/other/in", MOUNT_KIND_DIRECTORY, "other-mount" },
	{ "/file", MOUNT_KIND_DIRECTORY, "mountpoint-kind" },
	{ "/dir", MOUNT_KIND_FILE, "mountpoint-kind" },
	{ "/file/x", MOUNT_KIND_DIRECTORY, "no-mountpoint" },
};

static void a_mount_finds_its_place_or_a_finding_says_why_not(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup(bench_end) struct bench bench;
		char path[64];

		bench_start(&bench, cases[i].path, cases[i].kind);
		assert_ok(attach_mount(&bench.b, 1));
		snprintf(path, sizeof(path), "/tmp/root%s", cases[i].path);
		const char *code = bench.b.findings.n ? bench.b.findings.list[0].code : "";

		if (strcmp(code, cases[i].code ? cases[i].code : "") != 0)
			fail_msg("case %zu, '%s': '%s'", i, cases[i].path, code);
		assert_int_equal(bench.targets[1].unplaceable, !!cases[i].code);
		assert_int_equal(is_mounted(path), !cases[i].code);
		if (!cases[i].code)
			assert_ok(umount2(path, MNT_DETACH));
	}
}

static void a_place_that_is_held_is_found_after_it_was_covered(void **state)
{
	cleanup(bench_end) struct bench bench;
	struct sys_mount_stat stat;

	bench_start(&bench, "/dir/sub", MOUNT_KIND_DIRECTORY);
	assert_ok(attach_reserve(&bench.b, 1));
	assert_ok(mount("cover", "/tmp/root/dir", "tmpfs", 0, NULL));
	fd_close(&bench.fds[0]);
	assert_ok(attach_mount(&bench.b, 1));
	assert_int_equal(bench.b.findings.n, 0);
	assert_false(is_mounted("/tmp/root/dir/sub"));
	assert_ok(umount2("/tmp/root/dir", 0));
	assert_true(is_mounted("/tmp/root/dir/sub"));
	assert_ok(sys_mount_stat(bench.fds[1], "", AT_EMPTY_PATH, &stat));
	assert_true(stat.is_mount_root);
}

static void a_place_that_cannot_be_held_is_a_finding(void **state)
{
	cleanup(bench_end) struct bench bench;

	bench_start(&bench, "/link/sub", MOUNT_KIND_DIRECTORY);
	assert_ok(attach_reserve(&bench.b, 1));
	assert_int_equal(bench.b.findings.n, 1);
	assert_true(bench.targets[1].unplaceable);
}

static void a_mount_on_its_parents_root_is_stacked(void **state)
{
	cleanup(bench_end) struct bench bench;

	bench_start(&bench, "/", MOUNT_KIND_DIRECTORY);
	assert_ok(attach_mount(&bench.b, 1));
	assert_int_equal(bench.b.findings.n, 0);
	assert_int_equal(access("/tmp/root/dir", F_OK), -1);
	assert_ok(umount2("/tmp/root", MNT_DETACH));
	assert_int_equal(access("/tmp/root/dir", F_OK), 0);
}

#define attach_test(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		attach_test(a_mount_finds_its_place_or_a_finding_says_why_not),
		attach_test(a_place_that_is_held_is_found_after_it_was_covered),
		attach_test(a_place_that_cannot_be_held_is_a_finding),
		attach_test(a_mount_on_its_parents_root_is_stacked),
	};

	return help_unshare() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
