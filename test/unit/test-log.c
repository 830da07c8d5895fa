// SPDX-License-Identifier: LGPL-2.1-or-later
#include <pthread.h>

#include "test/unit/help.h"

static void an_error_is_logged_with_its_text_and_passed_on(void **state)
{
	help_keep_log();
	assert_int_equal(log_error(-ENOENT, "cannot open mount %d '%s'", 42, "/a"), -ENOENT);
	assert_int_equal(log_error(0, "only %s", "this"), 0);
	assert_string_equal(
		help_log_text,
		"1 cannot open mount 42 '/a': No such file or directory\n1 only this\n");
}

static void levels_above_the_wanted_one_are_left_out(void **state)
{
	help_keep_log();
	log_to(help_keep_line, NULL, LOG_WARN);
	log_info("info");
	log_warn("warn");
	log_line(LOG_MSG, "msg");
	assert_string_equal(help_log_text, "2 warn\n0 msg\n");
	assert_int_equal(log_max(), LOG_WARN);
}

static void a_long_line_is_not_cut(void **state)
{
	char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	help_keep_log();
	log_info("%s", text);
	assert_int_equal(strlen(help_log_text), sizeof(text) - 1 + 3);
	log_error(-EPERM, "%s", text);
	assert_non_null(strstr(help_log_text + sizeof(text), "x: Operation not permitted\n"));
}

static void logging_keeps_errno(void **state)
{
	help_keep_log();
	errno = EXDEV;
	log_info("%d", 1);
	assert_int_equal(errno, EXDEV);
}

static void the_log_can_be_put_back(void **state)
{
	help_keep_log();
	struct log_state saved = log_save();

	log_to(NULL, NULL, LOG_ERROR);
	log_restore(saved);
	log_debug("here");
	assert_string_equal(help_log_text, "4 here\n");
}

static void *log_here(void *data)
{
	*(enum log_level *)data = log_max();
	log_to(help_keep_line, NULL, LOG_ERROR);
	return NULL;
}

static void each_thread_has_a_log_of_its_own(void **state)
{
	enum log_level its = LOG_DEBUG;
	pthread_t thread;

	help_keep_log();
	assert_ok(pthread_create(&thread, NULL, log_here, &its));
	assert_ok(pthread_join(thread, NULL));
	assert_int_equal(its, LOG_WARN);
	log_debug("mine");
	assert_string_equal(help_log_text, "4 mine\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_is_logged_with_its_text_and_passed_on),
		cmocka_unit_test(levels_above_the_wanted_one_are_left_out),
		cmocka_unit_test(a_long_line_is_not_cut),
		cmocka_unit_test(logging_keeps_errno),
		cmocka_unit_test(the_log_can_be_put_back),
		cmocka_unit_test(each_thread_has_a_log_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
