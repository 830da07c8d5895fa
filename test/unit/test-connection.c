// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/connection.h"

#include <sys/socket.h>

#include "runtime/rpc/message.h"
#include "test/unit/help.h"

static void ignore(void *data, enum log_level level, const char *line)
{
}

static int notified_with(const void *answer, size_t size)
{
	struct connection connection = { 0 };
	int pair[2];

	assert_ok(fd_pair(pair));
	connection.sock = pair[0];
	if (answer)
		assert_ok(fd_send(pair[1], answer, size, -1));
	else
		close(pair[1]);
	int err = connection_notify(&connection, "pre-dump", 0);

	close(pair[0]);
	if (answer)
		close(pair[1]);
	return err;
}

static void a_notify_waits_for_consent(void **state)
{
	assert_ok(notified_with("\x08\x06\x18\x01", 4));
	assert_int_equal(notified_with("\x08\x06\x18\x00", 4), -ECANCELED);
	assert_int_equal(notified_with("\x08\x06", 2), -ECANCELED);
	assert_int_equal(notified_with("\x08\x0a\x18\x01", 4), -EPROTO);
	assert_int_equal(notified_with("\xff", 1), -EBADMSG);
	assert_int_equal(notified_with(NULL, 0), -EPIPE);
}

/* What a client hears that sends all of these at once; ended by its leaving. */
static int served(const char *const *packets, const size_t *sizes, size_t n, int *ret_answers)
{
	char answer[4096];
	int pair[2];

	assert_ok(fd_pair(pair));
	for (size_t i = 0; i < n; i++)
		assert_ok(fd_send(pair[1], packets[i], sizes[i], -1));
	shutdown(pair[1], SHUT_WR);
	log_to(ignore, NULL, LOG_WARN);
	int err = connection_serve(pair[0], true, CRIU_BY_AUTO);

	log_to(NULL, NULL, LOG_WARN);
	*ret_answers = 0;
	for (;;) {
		ssize_t size = fd_recv(pair[1], answer, sizeof(answer), NULL);

		/* It left with something unread: that is told first. */
		if (size == -ECONNRESET)
			continue;
		if (size <= 0)
			break;
		(*ret_answers)++;
	}
	close(pair[1]);
	return err;
}

static void requests_are_served_while_the_client_keeps_it_open(void **state)
{
	static const char *const packets[] = { "\x08\x0a\x20\x01", "\x08\x0a\x20\x01", "\x08\x0a",
					       "\x08\x0a" };
	static const size_t sizes[] = { 4, 4, 2, 2 };
	int answers;

	assert_ok(served(packets, sizes, 4, &answers));
	assert_int_equal(answers, 3);
	assert_ok(served(packets, sizes, 2, &answers));
	assert_int_equal(answers, 2);
	assert_ok(served(packets, sizes, 0, &answers));
	assert_int_equal(answers, 0);
}

static void a_request_that_fails_ends_it(void **state)
{
	static const char *const packets[] = { "\x08\x63\x20\x01", "\x08\x0a" };
	static const char *const garbage[] = { "\x08\x0a\x20\x01", "\xff\xff", "\x08\x0a" };
	static const size_t sizes[] = { 4, 2, 2 };
	int answers;

	assert_int_equal(served(packets, sizes, 2, &answers), -EBADRQC);
	assert_int_equal(answers, 1);
	assert_int_equal(served(garbage, sizes, 3, &answers), -EBADMSG);
	assert_int_equal(answers, 1);
}

static void what_is_no_socket_of_packets_is_refused(void **state)
{
	int pair[2];

	log_to(ignore, NULL, LOG_WARN);
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	assert_int_equal(connection_serve(pair[0], true, CRIU_BY_AUTO), -EPROTOTYPE);
	assert_int_equal(connection_serve(open("/dev/null", O_RDONLY), true, CRIU_BY_AUTO),
			 -ENOTSOCK);
	assert_int_equal(connection_serve(9999, true, CRIU_BY_AUTO), -EBADF);
	log_to(NULL, NULL, LOG_WARN);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_notify_waits_for_consent),
		cmocka_unit_test(requests_are_served_while_the_client_keeps_it_open),
		cmocka_unit_test(a_request_that_fails_ends_it),
		cmocka_unit_test(what_is_no_socket_of_packets_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
