// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/waiting.h"

#include <sys/socket.h>

#include "test/unit/help.h"

static void ignore(void *data, enum log_level level, const char *line)
{
}

/* Return: the client's end. */
static int come(struct waiting *w, uid_t uid, int64_t now)
{
	int pair[2];

	assert_ok(fd_pair(pair));
	waiting_add(w, pair[0], uid, now);
	return pair[1];
}

/* Return: what it was told before its end, or "" if it is still served. */
static const char *told(int client)
{
	static char text[256];
	ssize_t n = recv(client, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n > 0 ? n : 0] = '\0';
	for (ssize_t i = 0; i < n; i++)
		if (!text[i])
			text[i] = ' ';
	return text;
}

static void who_is_silent_for_ten_seconds_is_let_go(void **state)
{
	static struct waiting w;

	log_to(ignore, NULL, LOG_ERROR);
	cleanup_fd int first = come(&w, 0, 1000), second = come(&w, 0, 4000),
		       third = come(&w, 0, 5000);

	assert_int_equal(waiting_expire(&w, 5000), 6000);
	w.clients[1].has_asked = true;
	assert_int_equal(waiting_expire(&w, 11000), 4000);
	assert_int_equal(w.n, 2);
	assert_non_null(strstr(told(first), "no request within 10 seconds"));
	assert_string_equal(told(second), "");
	assert_int_equal(waiting_expire(&w, 99000), -1);
	assert_int_equal(w.n, 1);
	assert_non_null(strstr(told(third), "no request within 10 seconds"));
	cleanup_fd int taken = waiting_take(&w, 0).sock;

	assert_int_equal(w.n, 0);
	assert_string_equal(told(second), "");
	log_to(NULL, NULL, LOG_WARN);
}

/* @asked: each has sent a request and waits for a process */
static void fill(struct waiting *w, uid_t uid, size_t n, bool asked, int *ret_clients)
{
	for (size_t i = 0; i < n; i++) {
		ret_clients[i] = come(w, uid, 0);
		w->clients[w->n - 1].has_asked = asked;
	}
}

static void close_all(int *clients, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(clients[i]);
}

static void the_silent_make_room(void **state)
{
	static struct waiting w;
	int clients[WAITING_MAX];

	log_to(ignore, NULL, LOG_ERROR);
	fill(&w, 5, WAITING_USER_MAX, false, clients);
	fill(&w, 0, WAITING_MAX - WAITING_USER_MAX, false, clients + WAITING_USER_MAX);
	assert_int_equal(w.n, WAITING_MAX);
	/* Of the user who has most. */
	cleanup_fd int late = come(&w, 0, 0);

	assert_int_equal(w.n, WAITING_MAX);
	assert_non_null(strstr(told(clients[0]), "others wait"));
	assert_string_equal(told(clients[1]), "");
	assert_string_equal(told(late), "");
	waiting_end(&w);
	close_all(clients, WAITING_MAX);
	log_to(NULL, NULL, LOG_WARN);
}

static void one_user_does_not_take_all(void **state)
{
	static struct waiting w;
	int clients[WAITING_USER_MAX];

	log_to(ignore, NULL, LOG_ERROR);
	fill(&w, 5, WAITING_USER_MAX, true, clients);
	cleanup_fd int late = come(&w, 5, 0), other = come(&w, 0, 0);

	assert_non_null(strstr(told(late), "too many requests"));
	assert_string_equal(told(other), "");
	assert_int_equal(w.n, WAITING_USER_MAX + 1);
	waiting_end(&w);
	close_all(clients, WAITING_USER_MAX);
	log_to(NULL, NULL, LOG_WARN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_silent_for_ten_seconds_is_let_go),
		cmocka_unit_test(the_silent_make_room),
		cmocka_unit_test(one_user_does_not_take_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
