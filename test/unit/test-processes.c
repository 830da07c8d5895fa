// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/processes.h"
#include "mnt/scan/set.h"
#include "test/unit/help.h"

static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void those_below_come_after_it(void **state)
{
	cleanup_processes struct processes all = { 0 };
	cleanup_child pid_t child = start_child();
	bool found = false;

	assert_true(child > 0);
	assert_ok(processes_read(getpid(), &all));
	assert_int_equal(all.pids[0], getpid());
	for (size_t i = 1; i < all.n; i++)
		found |= all.pids[i] == child;
	assert_true(found);
}

static void one_that_has_ended_is_not_there(void **state)
{
	cleanup_processes struct processes all = { 0 };
	pid_t child = child_fork();

	if (child == 0)
		_exit(0);
	assert_ok(child_wait(child, NULL));
	assert_int_equal(processes_read(child, &all), -ESRCH);
}

/* So many descriptors more can be opened. */
static struct rlimit leave(rlim_t n)
{
	struct rlimit before, few;
	int fd = dup(STDERR_FILENO);

	assert_true(fd >= 0);
	close(fd);
	assert_ok(getrlimit(RLIMIT_NOFILE, &before));
	few = before;
	few.rlim_cur = (rlim_t)fd + n;
	assert_ok(setrlimit(RLIMIT_NOFILE, &few));
	return before;
}

/* No descriptor is left for the directory, or none for what is in it. */
static void what_cannot_be_looked_at_is_not_passed_over(void **state)
{
	for (rlim_t n = 0; n < 2; n++) {
		cleanup_processes struct processes all = { 0 };
		cleanup_scan_set struct scan_set set = { 0 };
		struct rlimit before = leave(n);
		int read = processes_read(getpid(), &all);
		int added = scan_set_add_tree(&set, getpid());

		assert_ok(setrlimit(RLIMIT_NOFILE, &before));
		assert_int_equal(read, -EMFILE);
		assert_int_equal(added, -EMFILE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_below_come_after_it),
		cmocka_unit_test(one_that_has_ended_is_not_there),
		cmocka_unit_test(what_cannot_be_looked_at_is_not_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
