// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/build/journal.h"
#include "test/unit/help.h"

static int dir_fd = -1;

static int start(void **state)
{
	if (mount("test", "/tmp", "tmpfs", 0, NULL) < 0)
		return -1;
	dir_fd = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	help_keep_log();
	return 0;
}

static int stop(void **state)
{
	fd_close(&dir_fd);
	return umount2("/tmp", MNT_DETACH);
}

static bool there(const char *name)
{
	struct stat stat;

	return fstatat(dir_fd, name, &stat, AT_SYMLINK_NOFOLLOW) == 0;
}

static void made_as(struct journal *journal, const char *name)
{
	struct stat stat;

	assert_ok(fstatat(dir_fd, name, &stat, AT_SYMLINK_NOFOLLOW));
	journal_made(journal, stat.st_dev, stat.st_ino);
}

static void make(struct journal *journal, const char *name, const char *temporary)
{
	assert_ok(journal_add(journal, dir_fd, name, temporary));
	assert_ok(mkdirat(dir_fd, temporary, 0755));
	made_as(journal, temporary);
	assert_ok(renameat(dir_fd, temporary, dir_fd, name));
}

static void what_was_made_is_removed_the_last_first(void **state)
{
	struct journal journal = { 0 };

	make(&journal, "a", ".t1");
	assert_ok(journal_add(&journal, dir_fd, "a/b", ".t2"));
	help_write("/tmp/a/b", "");
	made_as(&journal, "a/b");
	unsigned int before = help_open_fds();

	journal_undo(&journal);
	assert_false(there("a"));
	assert_int_equal(journal.n, 0);
	assert_int_equal(help_open_fds(), before - 1);
	assert_string_equal(help_log_text, "");
}

static void what_somebody_else_put_there_stays(void **state)
{
	struct journal journal = { 0 };

	make(&journal, "a", ".t");
	assert_ok(renameat(dir_fd, "a", dir_fd, "moved"));
	assert_ok(mkdirat(dir_fd, "a", 0755));
	journal_undo(&journal);
	assert_true(there("a"));
	assert_true(there("moved"));
}

static void what_has_been_filled_stays_and_is_said(void **state)
{
	struct journal journal = { 0 };

	make(&journal, "a", ".t");
	help_write("/tmp/a/file", "");
	journal_undo(&journal);
	assert_true(there("a/file"));
	assert_non_null(strstr(help_log_text, "'a'"));
}

static void killed_before_the_inode_was_told_the_temporary_name_goes(void **state)
{
	struct journal journal = { 0 };

	assert_ok(mkdirat(dir_fd, "a", 0755)); /* never ours */
	assert_ok(journal_add(&journal, dir_fd, "a", ".t"));
	assert_ok(mkdirat(dir_fd, ".t", 0755));
	journal_undo(&journal);
	assert_false(there(".t"));
	assert_true(there("a"));
}

static void killed_before_the_rename_the_temporary_name_goes(void **state)
{
	struct journal journal = { 0 };

	assert_ok(mkdirat(dir_fd, "a", 0755)); /* somebody was faster */
	assert_ok(journal_add(&journal, dir_fd, "a", ".t"));
	assert_ok(mkdirat(dir_fd, ".t", 0755));
	made_as(&journal, ".t");
	journal_undo(&journal);
	assert_false(there(".t"));
	assert_true(there("a"));
}

static void what_was_never_made_is_no_matter(void **state)
{
	struct journal journal = { 0 };

	journal_made(&journal, 1, 1);
	assert_ok(journal_add(&journal, dir_fd, "a", ".t"));
	journal_undo(&journal);
	assert_string_equal(help_log_text, "");
}

static void a_forgotten_journal_leaves_everything(void **state)
{
	struct journal journal = { 0 };

	make(&journal, "a", ".t");
	journal_free(&journal);
	assert_true(there("a"));
	journal_undo(&journal);
	assert_true(there("a"));
}

static void many_in_one_directory_share_a_descriptor(void **state)
{
	struct journal journal = { 0 };
	unsigned int before = help_open_fds();
	char name[32], temporary[32];

	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		snprintf(temporary, sizeof(temporary), ".t%d", i);
		make(&journal, name, temporary);
	}
	assert_int_equal(help_open_fds(), before + 1);
	journal_undo(&journal);
	assert_int_equal(help_open_fds(), before);
	assert_false(there("d0") || there("d199"));
}

#define journal_test(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		journal_test(what_was_made_is_removed_the_last_first),
		journal_test(what_somebody_else_put_there_stays),
		journal_test(what_has_been_filled_stays_and_is_said),
		journal_test(killed_before_the_inode_was_told_the_temporary_name_goes),
		journal_test(killed_before_the_rename_the_temporary_name_goes),
		journal_test(what_was_never_made_is_no_matter),
		journal_test(a_forgotten_journal_leaves_everything),
		journal_test(many_in_one_directory_share_a_descriptor),
	};

	return help_unshare() ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
