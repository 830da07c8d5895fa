// SPDX-License-Identifier: LGPL-2.1-or-later
/* What others are cloned from, in a staging root made for the test. */
#include "base/tmpfs.h"
#include <sys/stat.h>

#include "base/sys.h"
#include "mnt/source/yard.h"
#include "test/unit/help.h"

static int make_staging(void)
{
	int fd = tmpfs_directory();

	help_must(fd);
	help_must(mkdir("/tmp/staging", 0700) < 0 && errno != EEXIST ? -1 : 0);
	help_must(sys_move_mount(fd, "", AT_FDCWD, "/tmp/staging", MOVE_MOUNT_F_EMPTY_PATH));
	return fd;
}

static int make_mount(void)
{
	int fd = tmpfs_directory();

	help_must(fd);
	help_must(mkdirat(fd, "part", 0700));
	return fd;
}

static void yard_mounts_are_attached_and_can_be_cloned_many_times(void **state)
{
	cleanup_fd int staging = make_staging(), fd = make_mount();
	struct sys_mount_stat stat;

	assert_ok(yard_put(staging, "a", 1, fd));
	assert_ok(sys_mount_stat(staging, "crt-yard.a.1", 0, &stat));
	assert_true(stat.is_mount_root);
	for (int i = 0; i < 3; i++) {
		cleanup_fd int clone = sys_open_tree(fd, "part", OPEN_TREE_CLONE);

		assert_true(clone >= 0);
	}
}

static void yard_takes_a_name_once_and_a_mount_once(void **state)
{
	cleanup_fd int staging = make_staging(), fd = make_mount(), other = make_mount();

	assert_ok(yard_put(staging, "a", 1, fd));
	assert_int_equal(yard_put(staging, "a", 1, other), -EEXIST);
	assert_ok(yard_put(staging, "b", 1, other));
}

static void yard_has_nothing_left_of_what_could_not_be_attached(void **state)
{
	cleanup_fd int staging = make_staging(), fd = make_mount();
	cleanup_fd int part = openat(fd, "part", O_PATH | O_CLOEXEC);

	assert_int_equal(yard_put(staging, "a", 1, part), -EINVAL);
	assert_int_equal(faccessat(staging, "crt-yard.a.1", F_OK, 0), -1);
}

static void yard_has_files_as_well(void **state)
{
	cleanup_fd int staging = make_staging();
	struct sys_mount_stat stat;

	help_write("/tmp/file", "text");
	cleanup_fd int fd = sys_open_tree(AT_FDCWD, "/tmp/file", OPEN_TREE_CLONE);

	assert_ok(yard_put(staging, "file", 0, fd));
	assert_ok(sys_mount_stat(staging, "crt-yard.file.0", 0, &stat));
	assert_true(S_ISREG(stat.mode) && stat.is_mount_root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yard_mounts_are_attached_and_can_be_cloned_many_times),
		cmocka_unit_test(yard_takes_a_name_once_and_a_mount_once),
		cmocka_unit_test(yard_has_nothing_left_of_what_could_not_be_attached),
		cmocka_unit_test(yard_has_files_as_well),
	};

	if (help_unshare())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
