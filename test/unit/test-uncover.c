// SPDX-License-Identifier: LGPL-2.1-or-later
/* Mounts moved out of the way, from a stack at /tmp/place. */
#include "mnt/contents/uncover.h"
#include "test/unit/help.h"

static struct uncovered aside;

static int start(void **state)
{
	aside = ASIDE_NONE;
	help_must(mkdir("/tmp/place", 0755) < 0 && errno != EEXIST ? -1 : 0);
	help_write("/tmp/file", "below");
	return 0;
}

static int stop(void **state)
{
	uncover_drop(&aside);
	return 0;
}

static int move_top(const char *path)
{
	cleanup_fd int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat stat;

	assert_true(fd >= 0);
	assert_ok(fstat(fd, &stat));
	return uncover_move(&aside, fd, S_ISDIR(stat.st_mode));
}

static bool is_mount(const char *path)
{
	struct sys_mount_stat stat;

	assert_ok(sys_mount_stat(AT_FDCWD, path, 0, &stat));
	return stat.is_mount_root;
}

static void what_is_moved_uncovers_what_was_below(void **state)
{
	help_must(mount("below", "/tmp/place", "tmpfs", 0, NULL));
	help_write("/tmp/place/below", "");
	help_must(mount("above", "/tmp/place", "tmpfs", 0, NULL));
	help_must(mount("/tmp/file", "/tmp/file", NULL, MS_BIND, NULL));

	assert_int_equal(access("/tmp/place/below", F_OK), -1);
	assert_ok(move_top("/tmp/place"));
	assert_ok(access("/tmp/place/below", F_OK));
	assert_ok(move_top("/tmp/place"));
	assert_false(is_mount("/tmp/place"));
	assert_true(is_mount("/tmp/file"));
	assert_ok(move_top("/tmp/file"));
	assert_false(is_mount("/tmp/file"));
}

static void more_are_moved_than_are_kept_at_once(void **state)
{
	const int many = 2100;

	for (int i = 0; i < many; i++)
		help_must(mount("one", "/tmp/place", "tmpfs", 0, NULL));
	for (int i = 0; i < many; i++) {
		assert_true(is_mount("/tmp/place"));
		assert_ok(move_top("/tmp/place"));
	}
	assert_false(is_mount("/tmp/place"));
}

static void a_mount_that_is_read_stays_readable(void **state)
{
	help_must(mount("one", "/tmp/place", "tmpfs", 0, NULL));
	help_write("/tmp/place/file", "text");
	cleanup_fd int fd = open("/tmp/place", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_ok(move_top("/tmp/place"));
	uncover_drop(&aside);
	assert_ok(faccessat(fd, "file", R_OK, 0));
}

static int count_mounts(void)
{
	cleanup_free char *text = NULL;
	cleanup_fd int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	size_t size;
	int n = 0;

	assert_true(fd >= 0);
	assert_ok(fd_slurp(fd, &text, &size));
	for (const char *c = text; *c; c++)
		n += *c == '\n';
	return n;
}

static void nothing_is_left_over_the_root(void **state)
{
	int before = count_mounts();

	help_must(mount("one", "/tmp/place", "tmpfs", 0, NULL));
	assert_ok(move_top("/tmp/place"));
	assert_ok(access("/tmp/file", F_OK));
	assert_int_not_equal(count_mounts(), before);
	uncover_drop(&aside);
	assert_int_equal(count_mounts(), before);
	uncover_drop(&aside);
	assert_int_equal(count_mounts(), before);
}

#define aside_test(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		aside_test(what_is_moved_uncovers_what_was_below),
		aside_test(more_are_moved_than_are_kept_at_once),
		aside_test(a_mount_that_is_read_stays_readable),
		aside_test(nothing_is_left_over_the_root),
	};

	return help_unshare() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
