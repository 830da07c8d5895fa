// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/capability.h>

#include "base/fd.h"
#include "mnt/ipc/action.h"
#include "test/unit/help.h"

/* What the caller saw when it was called, and what it answers. */
struct seen {
	cap_flag_value_t admin;
	rlim_t files;
	pid_t pid;
	int calls, answer;
};

static cap_flag_value_t admin_now(void)
{
	cap_flag_value_t value = CAP_CLEAR;
	cap_t caps = cap_get_proc();

	cap_get_flag(caps, CAP_SYS_ADMIN, CAP_EFFECTIVE, &value);
	cap_free(caps);
	return value;
}

static int look(void *data, const char *name, pid_t pid)
{
	struct seen *seen = data;
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_NOFILE, &limit);
	*seen = (struct seen){ admin_now(), limit.rlim_cur, pid, seen->calls + 1, seen->answer };
	return seen->answer;
}

static void the_caller_has_its_own_privileges_and_limits(void **state)
{
	cap_flag_value_t before = admin_now();
	struct seen seen = { 0 };
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max / 2;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	{
		cleanup_caps struct caps_state caps = caps_hold();
		struct action action = { look, &seen, &caps, &limit };

		fd_raise_limit();
		assert_int_equal(admin_now(), CAP_CLEAR);
		assert_int_equal(action_run(&action, "pre-dump", 7), 0);
		assert_int_equal(admin_now(), CAP_CLEAR);
	}
	assert_int_equal(seen.admin, before);
	assert_int_equal(seen.files, limit.rlim_cur);
	assert_int_equal(seen.pid, 7);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(limit.rlim_cur, limit.rlim_max);
}

static int open_one(void *data, const char *name, pid_t pid)
{
	cleanup_fd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : 0;
}

/* What is open beyond the limit that the caller had does not keep it from opening files. */
static void the_caller_can_open_files(void **state)
{
	struct rlimit few;
	struct action action = { open_one, NULL, .limit = &few };
	int fds[20];

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &few), 0);
	few.rlim_cur = 10;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		assert_true((fds[i] = dup(STDERR_FILENO)) >= 0);
	assert_int_equal(action_run(&action, "post-dump", 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

static void what_it_says_counts(void **state)
{
	struct seen seen = { 0 };
	struct action action = { look, &seen };

	seen.answer = 5;
	assert_int_equal(action_run(&action, "pre-dump", 0), 0);
	seen.answer = -ENOENT;
	assert_int_equal(action_run(&action, "pre-dump", 0), -ENOENT);
	/* That would start the dump again. */
	seen.answer = -EAGAIN;
	assert_int_equal(action_run(&action, "pre-dump", 0), -ECANCELED);
	assert_int_equal(seen.calls, 3);
	assert_int_equal(action_run(&(struct action){ 0 }, "pre-dump", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_caller_has_its_own_privileges_and_limits),
		cmocka_unit_test(the_caller_can_open_files),
		cmocka_unit_test(what_it_says_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
