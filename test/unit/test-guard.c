// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/guard.h"

#include <sys/socket.h>
#include <unistd.h>

#include "test/unit/help.h"

static void act(void *data, int fd)
{
	(void)!write(fd, "x", 1);
}

/* A guard that writes to a pipe when it acts. Return: the end to read, with no writer but it. */
static int start(struct guard *guard, enum guard_when when)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_ok(guard_start(guard, when, act, NULL, ends[1]));
	close(ends[1]);
	return ends[0];
}

static void a_guard_that_is_dismissed_does_nothing(void **state)
{
	struct guard guard;
	char byte;
	cleanup_fd int out = start(&guard, GUARD_ALL_GONE);

	guard_end(&guard);
	assert_int_equal(read(out, &byte, 1), 0);
}

static void at_the_end_of_the_other_side_it_acts(void **state)
{
	struct guard guard;
	char byte;
	cleanup_fd int out = start(&guard, GUARD_ALL_GONE);

	fd_close(&guard.life_fd);
	assert_int_equal(read(out, &byte, 1), 1);
	guard_end(&guard);
}

static void a_dismissal_that_cannot_be_sent_is_one_all_the_same(void **state)
{
	struct guard guard;
	char byte;
	cleanup_fd int out = start(&guard, GUARD_ALL_GONE);
	cleanup_fd int life = guard.life_fd;

	guard.life_fd = -EBADF;
	alarm(20);
	guard_end(&guard);
	alarm(0);
	assert_int_equal(read(out, &byte, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guard_that_is_dismissed_does_nothing),
		cmocka_unit_test(at_the_end_of_the_other_side_it_acts),
		cmocka_unit_test(a_dismissal_that_cannot_be_sent_is_one_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
