// SPDX-License-Identifier: LGPL-2.1-or-later
#include <pthread.h>
#include <sys/eventfd.h>

#include "base/cancel.h"
#include "base/fd.h"
#include "test/unit/help.h"

static void without_a_descriptor_nothing_cancels(void **state)
{
	int pair[2];

	assert_ok(fd_pair(pair));
	assert_ok(cancel_check());
	assert_ok(cancel_await(pair[0])); /* nothing is there, and it is not waited for */
	assert_false(cancel_is_seen());
	close(pair[0]);
	close(pair[1]);
}

static void what_is_waited_for_is_given_up_once(void **state)
{
	int fd = eventfd(1, EFD_CLOEXEC), pair[2];
	struct cancel before = cancel_swap((struct cancel){ .fd = fd });
	char byte;

	assert_ok(fd_pair(pair));
	assert_int_equal(fd_recv(pair[0], &byte, 1, NULL), -ECANCELED);
	assert_true(cancel_is_seen());
	assert_int_equal(cancel_check(), -ECANCELED);
	/* What undoes it can use the connection. */
	assert_int_equal(cancel_fd(), -1);
	assert_ok(fd_send(pair[1], "x", 1, -1));
	assert_int_equal(fd_recv(pair[0], &byte, 1, NULL), 1);
	cancel_swap(before);
	assert_ok(cancel_check());
	close(pair[0]);
	close(pair[1]);
	close(fd);
}

static void *check(void *data)
{
	*(int *)data = cancel_check();
	return NULL;
}

static void neither_another_thread_nor_a_child_is_cancelled(void **state)
{
	int fd = eventfd(1, EFD_CLOEXEC), result = 1;
	struct cancel before = cancel_swap((struct cancel){ .fd = fd });
	pthread_t thread;

	assert_ok(pthread_create(&thread, NULL, check, &result));
	assert_ok(pthread_join(thread, NULL));
	assert_ok(result);
	pid_t pid = child_fork();

	if (pid == 0)
		_exit(-cancel_check());
	assert_ok(child_wait_errno(pid));
	assert_int_equal(cancel_check(), -ECANCELED);
	cancel_swap(before);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_descriptor_nothing_cancels),
		cmocka_unit_test(what_is_waited_for_is_given_up_once),
		cmocka_unit_test(neither_another_thread_nor_a_child_is_cancelled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
