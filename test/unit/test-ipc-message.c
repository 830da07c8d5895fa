// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/ipc/message.h"
#include "test/unit/help.h"

static int ends[2];
static char buf[IPC_MAX];

static int start(void **state)
{
	return fd_pair(ends);
}

static int stop(void **state)
{
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	return 0;
}

static void a_message_arrives_with_its_numbers_texts_and_descriptor(void **state)
{
	const struct ipc_message message = { .type = IPC_MADE_AS, .inode = { 1ULL << 40, 9 } };
	struct ipc_message got;
	const char *texts[4];
	cleanup_fd int fd = -EBADF;

	assert_ok(ipc_send(ends[0], message, (const char *const[4]){ "one", NULL, "", "four" },
			   ends[0]));
	assert_int_equal(ipc_recv(ends[1], buf, &got, texts, &fd), 1);
	assert_int_equal(got.type, IPC_MADE_AS);
	assert_true(got.inode.device == 1ULL << 40 && got.inode.number == 9);
	assert_string_equal(texts[0], "one");
	assert_null(texts[1]);
	assert_string_equal(texts[2], "");
	assert_string_equal(texts[3], "four");
	assert_true(fd >= 0);
}

static void a_message_needs_no_texts(void **state)
{
	struct ipc_message got;
	const char *texts[4];
	int fd = 5;

	assert_ok(ipc_send(ends[0], (struct ipc_message){ .type = IPC_BUILT }, NULL, -1));
	assert_int_equal(ipc_recv(ends[1], buf, &got, texts, &fd), 1);
	for (int i = 0; i < 4; i++)
		assert_null(texts[i]);
	assert_int_equal(fd, -EBADF);
	fd_close(&ends[0]);
	assert_int_equal(ipc_recv(ends[1], buf, &got, texts, &fd), 0);
}

static void texts_that_are_too_long_are_cut_and_all_arrive(void **state)
{
	cleanup_free char *large = malloc(200001);
	struct ipc_message got;
	const char *texts[4];

	memset(large, 'x', 200000);
	large[200000] = '\0';
	assert_ok(ipc_send(ends[0], (struct ipc_message){ 0 },
			   (const char *const[4]){ large, large, large, "end" }, -1));
	assert_int_equal(ipc_recv(ends[1], buf, &got, texts, NULL), 1);
	for (int i = 0; i < 3; i++)
		assert_true(strlen(texts[i]) > 1000 && strlen(texts[i]) < IPC_MAX);
	assert_string_equal(texts[3], "end");
}

/* What a builder that was taken over might say. */
static void a_message_whose_texts_are_not_all_of_it_is_refused(void **state)
{
	static const struct {
		uint32_t n_text;
		const char *tail;
		size_t size;
	} cases[] = {
		{ 0, "x", 1 },	 { 5000, "abc", 4 }, { UINT32_MAX, "abc", 4 },
		{ 3, "abc", 3 }, { 3, "abc", 4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ipc_message message = { .type = IPC_LOG, .n_text = cases[i].n_text }, got;
		char raw[sizeof(message) + 8];
		const char *texts[4];
		int fd = -EBADF;

		memcpy(raw, &message, sizeof(message));
		memcpy(raw + sizeof(message), cases[i].tail, cases[i].size);
		assert_ok(fd_send(ends[0], raw, sizeof(message) + cases[i].size, ends[0]));
		unsigned int before = help_open_fds();

		assert_int_equal(ipc_recv(ends[1], buf, &got, texts, &fd), -EPROTO);
		assert_int_equal(help_open_fds(), before);
	}
	assert_ok(fd_send(ends[0], "short", 5, -1));
	assert_int_equal(
		ipc_recv(ends[1], buf, &(struct ipc_message){ 0 }, (const char *[4]){ 0 }, NULL),
		-EPROTO);
}

static void a_text_that_starts_outside_is_not_there(void **state)
{
	struct ipc_message message = { .n_text = 4, .next = { 4, 100000, 2 } }, got;
	char raw[sizeof(message) + 4];
	const char *texts[4];

	memcpy(raw, &message, sizeof(message));
	memcpy(raw + sizeof(message), "abc", 4);
	assert_ok(fd_send(ends[0], raw, sizeof(raw), -1));
	assert_int_equal(ipc_recv(ends[1], buf, &got, texts, NULL), 1);
	assert_string_equal(texts[0], "abc");
	assert_null(texts[1]);
	assert_null(texts[2]);
	assert_string_equal(texts[3], "c");
}

static void log_lines_and_findings_go_to_the_caller(void **state)
{
	cleanup_findings struct findings findings = { 0 };
	struct ipc_message got;
	const char *texts[4];

	ipc_log_sink(&ends[0], LOG_WARN, "line");
	assert_int_equal(ipc_recv(ends[1], buf, &got, texts, NULL), 1);
	assert_int_equal(got.type, IPC_LOG);
	assert_int_equal(got.value, LOG_WARN);
	assert_string_equal(texts[0], "line");
	findings_add(&findings, FINDING_NO_SOURCE, 3000000000U, "/a", NULL, "text");
	findings_add(&findings, FINDING_SYMLINK, 0, NULL, "help", "text2");
	assert_int_equal(ipc_send_findings(ends[0], &findings), -EINVAL);
	assert_int_equal(ipc_recv(ends[1], buf, &got, texts, NULL), 1);
	assert_int_equal((uint32_t)got.value, 3000000000U);
	assert_string_equal(texts[1], "/a");
	assert_null(texts[3]);
	assert_int_equal(ipc_recv(ends[1], buf, &got, texts, NULL), 1);
	assert_null(texts[1]);
	assert_string_equal(texts[2], "text2");
	assert_string_equal(texts[3], "help");
}

static void note_line(void *data, enum log_level level, const char *line)
{
	snprintf(data, 64, "%d %s", (int)level, line);
}

static void lines_of_the_other_sides_log_go_to_ours_and_messages_to_us(void **state)
{
	struct log_state before = log_save();
	char line[64] = "";
	struct ipc_message got;
	const char *texts[4];
	int value = 0, fd = -EBADF;

	log_to(note_line, line, LOG_WARN);
	ipc_log_sink(&ends[0], LOG_WARN, "one");
	assert_ok(ipc_send(ends[0], (struct ipc_message){ .type = IPC_OPEN },
			   (const char *const[4]){ "proc" }, -1));
	assert_int_equal(ipc_hear(ends[1], buf, &got, texts, NULL), 1);
	assert_int_equal(got.type, IPC_OPEN);
	assert_string_equal(texts[0], "proc");
	assert_string_equal(line, "2 one");
	ipc_log_sink(&ends[0], LOG_ERROR, "%s");
	assert_ok(ipc_answer(ends[0], -ENODEV, ends[0]));
	assert_ok(ipc_await(ends[1], IPC_ANSWER, &value, &fd));
	assert_int_equal(value, -ENODEV);
	assert_true(fd >= 0);
	assert_string_equal(line, "1 %s");
	fd_close(&fd);
	log_restore(before);
}

static void what_is_not_awaited_is_refused(void **state)
{
	assert_ok(ipc_answer(ends[0], 0, ends[0]));
	unsigned int before = help_open_fds();

	assert_int_equal(ipc_await(ends[1], IPC_GO, NULL, NULL), -EPROTO);
	assert_int_equal(help_open_fds(), before);
	fd_close(&ends[0]);
	assert_int_equal(ipc_await(ends[1], IPC_GO, NULL, NULL), -EIO);
}

/* What the builder says of it is nothing that it says of the command. */
static void a_builder_that_cannot_is_not_one_that_has_ended(void **state)
{
	assert_ok(ipc_answer(ends[1], 0, -1));
	assert_ok(ipc_keep_by_exec(ends[0], -1));
	assert_ok(ipc_answer(ends[1], -EPROTO, -1));
	assert_int_equal(ipc_keep_by_exec(ends[0], -1), -ECANCELED);
	assert_ok(ipc_answer(ends[1], -ENOENT, -1));
	assert_int_equal(ipc_keep_by_exec(ends[0], -1), -ECANCELED);
	fd_close(&ends[1]);
	assert_int_equal(ipc_keep_by_exec(ends[0], -1), -EOWNERDEAD);
}

#define ipc_test(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ipc_test(a_message_arrives_with_its_numbers_texts_and_descriptor),
		ipc_test(a_message_needs_no_texts),
		ipc_test(texts_that_are_too_long_are_cut_and_all_arrive),
		ipc_test(a_message_whose_texts_are_not_all_of_it_is_refused),
		ipc_test(a_text_that_starts_outside_is_not_there),
		ipc_test(log_lines_and_findings_go_to_the_caller),
		ipc_test(lines_of_the_other_sides_log_go_to_ours_and_messages_to_us),
		ipc_test(what_is_not_awaited_is_refused),
		ipc_test(a_builder_that_cannot_is_not_one_that_has_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
