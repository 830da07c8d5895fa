// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/ipc/progress.h"
#include "test/unit/help.h"

/* What was told last, and how often. */
struct told {
	struct rebind_progress now;
	char doing[32];
	unsigned int n;
};

static void take(void *data, const struct rebind_progress *now)
{
	struct told *told = data;

	told->now = *now;
	snprintf(told->doing, sizeof(told->doing), "%s", now->doing);
	told->n++;
}

static void what_a_child_tells_the_caller_passes_on(void **state)
{
	static char buf[IPC_MAX];
	struct told told = { 0 };
	struct progress caller = { .fn = take, .data = &told, .sock = -EBADF };
	struct ipc_message message;
	const char *texts[4];
	int pair[2];

	assert_ok(fd_pair(pair));
	cleanup_fd int mine = pair[0], its = pair[1];
	struct progress child = {
		.fn = take,
		.sock = its,
		.doing = "mounting",
		.mounts = 3,
		.all_mounts = UINT32_MAX,
		.bytes = 1ULL << 40,
		.all_bytes = 1ULL << 41,
		.next = 1, /* it began long ago */
	};

	progress_bytes(&child, 5);
	assert_int_equal(ipc_recv(mine, buf, &message, texts, NULL), 1);
	assert_int_equal(message.type, IPC_PROGRESS);
	assert_int_equal(told.n, 0);
	progress_pass(&caller, &message, texts[0]);
	assert_int_equal(told.n, 1);
	assert_string_equal(told.doing, "mounting");
	assert_true(told.now.bytes == (1ULL << 40) + 5);
	assert_true(told.now.all_bytes == 1ULL << 41);
	assert_int_equal(told.now.mounts, 3);
	assert_true(told.now.all_mounts == UINT32_MAX);
}

static void it_is_told_a_few_times_a_second_at_most(void **state)
{
	struct told told = { 0 };
	struct progress progress = { .fn = take, .data = &told, .sock = -EBADF, .doing = "x" };

	for (int i = 0; i < 1000; i++)
		progress_tell(&progress);
	/* What has just begun is not told. */
	assert_int_equal(told.n, 0);
	usleep(300000);
	for (int i = 0; i < 1000; i++)
		progress_tell(&progress);
	assert_int_equal(told.n, 1);
}

static void where_nobody_asked_nothing_is_told(void **state)
{
	struct progress progress = { .sock = -EBADF, .doing = "x" };

	progress_tell(&progress);
	progress_pass(&progress, &(struct ipc_message){ .type = IPC_PROGRESS }, NULL);
	assert_true(progress.next == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_child_tells_the_caller_passes_on),
		cmocka_unit_test(it_is_told_a_few_times_a_second_at_most),
		cmocka_unit_test(where_nobody_asked_nothing_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
