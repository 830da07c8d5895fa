// SPDX-License-Identifier: LGPL-2.1-or-later
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/pipeline.h"
#include "base/child.h"
#include "test/unit/help.h"

#define ROOM 100

/* What the work did: looked at when it is over. */
struct seen {
	size_t n;     /* bytes taken or given so far */
	size_t size;  /* bytes to give */
	size_t stop;  /* at so many bytes there is an error; 0: never */
	int calls;    /* since then */
	bool wrong;   /* a byte was not the expected one */
	bool beside;  /* in another thread */
	bool blocked; /* no signal can come there */
};

static unsigned char byte_at(size_t i)
{
	return (unsigned char)(i * 31 + i / 256);
}

static void note_place(struct seen *seen)
{
	sigset_t now;

	seen->beside = (pid_t)syscall(SYS_gettid) != getpid();
	pthread_sigmask(SIG_SETMASK, NULL, &now);
	seen->blocked = sigismember(&now, SIGTERM) && sigismember(&now, SIGINT);
}

static int stop_here(struct seen *seen)
{
	if (!seen->stop || seen->n < seen->stop)
		return 0;
	seen->calls++;
	return -ENOSPC;
}

static int take(void *data, struct pipeline_block *block)
{
	struct seen *seen = data;

	note_place(seen);
	for (size_t i = 0; i < block->size; i++)
		seen->wrong |= block->data[i] != byte_at(seen->n + i);
	seen->n += block->size;
	return stop_here(seen);
}

static int give(void *data, struct pipeline_block *block)
{
	struct seen *seen = data;

	note_place(seen);
	block->size = seen->size - seen->n < ROOM ? seen->size - seen->n : ROOM;
	for (size_t i = 0; i < block->size; i++)
		block->data[i] = byte_at(seen->n + i);
	seen->n += block->size;
	return stop_here(seen);
}

static bool has_two_cpus(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && CPU_COUNT(&cpus) > 1;
}

/* In pieces of many sizes. Return: what the last call did. */
static int put_all(struct pipeline *pipeline, size_t size)
{
	unsigned char piece[3 * ROOM];
	size_t at = 0, n = 1;
	int err = 0;

	for (; at < size && !err; at += n) {
		n = at * 7 % sizeof(piece) + 1;
		if (n > size - at)
			n = size - at;
		for (size_t i = 0; i < n; i++)
			piece[i] = byte_at(at + i);
		err = pipeline_put(pipeline, piece, n);
	}
	return err;
}

/* Return: what the last call did; *ret_n: the bytes before that */
static ssize_t get_all(struct pipeline *pipeline, size_t *ret_n)
{
	const void *data;
	ssize_t n;

	*ret_n = 0;
	while ((n = pipeline_get(pipeline, &data)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(((const unsigned char *)data)[i],
					 byte_at(*ret_n + (size_t)i));
		*ret_n += (size_t)n;
	}
	return n;
}

static const size_t sizes[] = { 0, 1, ROOM - 1, ROOM, ROOM + 1, 2 * ROOM, 9 * ROOM, 100003 };

static void what_is_put_is_taken_in_order(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct seen seen = { 0 };
		struct pipeline pipeline;

		assert_ok(pipeline_open(&pipeline, ROOM, take, &seen));
		assert_ok(put_all(&pipeline, sizes[i]));
		assert_ok(pipeline_end(&pipeline));
		pipeline_close(&pipeline);
		assert_int_equal(seen.n, sizes[i]);
		assert_false(seen.wrong);
	}
}

static void what_is_given_is_got_in_order(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct seen seen = { .size = sizes[i] };
		struct pipeline pipeline;
		const void *data;
		size_t n;

		assert_ok(pipeline_open(&pipeline, ROOM, give, &seen));
		assert_int_equal(get_all(&pipeline, &n), 0);
		assert_int_equal(n, sizes[i]);
		/* The end stays the end. */
		assert_int_equal(pipeline_get(&pipeline, &data), 0);
		pipeline_close(&pipeline);
	}
}

static void only_what_is_large_has_a_thread_which_takes_no_signals(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct seen taken = { 0 }, given = { .size = sizes[i] };
		struct pipeline pipeline;
		size_t n;

		assert_ok(pipeline_open(&pipeline, ROOM, take, &taken));
		assert_ok(put_all(&pipeline, sizes[i]));
		assert_ok(pipeline_end(&pipeline));
		pipeline_close(&pipeline);
		assert_int_equal(taken.beside, has_two_cpus() && sizes[i] >= ROOM);
		assert_int_equal(taken.blocked, taken.beside);
		assert_ok(pipeline_open(&pipeline, ROOM, give, &given));
		assert_int_equal(get_all(&pipeline, &n), 0);
		pipeline_close(&pipeline);
		assert_int_equal(given.beside, has_two_cpus() && sizes[i] >= ROOM);
		assert_int_equal(given.blocked, given.beside);
	}
}

static void an_error_of_the_work_comes_back_and_is_the_last_of_it(void **state)
{
	for (size_t stop = 1; stop < 20 * ROOM; stop += 3 * ROOM) {
		struct seen taken = { .stop = stop };
		struct seen given = { .size = 100003, .stop = stop };
		struct pipeline pipeline;
		const void *data;
		size_t n;

		assert_ok(pipeline_open(&pipeline, ROOM, take, &taken));
		assert_int_equal(put_all(&pipeline, 100003), -ENOSPC);
		assert_int_equal(pipeline_put(&pipeline, "x", 1), -ENOSPC);
		assert_int_equal(pipeline_end(&pipeline), -ENOSPC);
		pipeline_close(&pipeline);
		assert_int_equal(taken.calls, 1);
		assert_ok(pipeline_open(&pipeline, ROOM, give, &given));
		assert_int_equal(get_all(&pipeline, &n), -ENOSPC);
		assert_int_equal(n, (stop - 1) / ROOM * ROOM);
		assert_int_equal(pipeline_get(&pipeline, &data), -ENOSPC);
		pipeline_close(&pipeline);
		assert_int_equal(given.calls, 1);
	}
}

static void an_error_in_the_rest_comes_back_at_the_end(void **state)
{
	struct seen seen = { .stop = 1 };
	struct pipeline pipeline;

	assert_ok(pipeline_open(&pipeline, ROOM, take, &seen));
	assert_ok(pipeline_put(&pipeline, "\0", 1));
	assert_int_equal(pipeline_end(&pipeline), -ENOSPC);
	pipeline_close(&pipeline);
}

/* With blocks on their way in both directions, and a caller that wants no more of it. */
static void closing_early_waits_for_nobody(void **state)
{
	for (int i = 0; i < 200; i++) {
		struct seen taken = { 0 }, given = { .size = SIZE_MAX / 2 };
		struct pipeline pipeline;
		const void *data;

		assert_ok(pipeline_open(&pipeline, ROOM, take, &taken));
		assert_ok(put_all(&pipeline, 10 * ROOM + (size_t)i));
		pipeline_close(&pipeline);
		assert_ok(pipeline_open(&pipeline, ROOM, give, &given));
		for (int k = 0; k < i % 7; k++)
			assert_int_equal(pipeline_get(&pipeline, &data), ROOM);
		pipeline_close(&pipeline);
	}
}

/* unshare(2): EINVAL in a process with several threads, for CLONE_NEWUSER as well. */
static void unshare_afterwards(void)
{
	struct seen seen = { .size = SIZE_MAX / 2 };
	struct pipeline pipeline;
	const void *data;
	/* The thread sanitizer has a thread of its own. */
	bool alone = unshare(CLONE_THREAD) == 0;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 || raise(SIGSTOP) ||
	    pipeline_open(&pipeline, ROOM, give, &seen) || pipeline_get(&pipeline, &data) != ROOM ||
	    pipeline_get(&pipeline, &data) != ROOM)
		_exit(1);
	pipeline_close(&pipeline);
	_exit(alone && unshare(CLONE_THREAD) < 0 ? 2 : 0);
}

static pid_t start_traced(void)
{
	pid_t pid = child_fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		unshare_afterwards();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	assert_ok(ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL));
	assert_ok(ptrace(PTRACE_CONT, pid, NULL, NULL));
	return pid;
}

/*
 * A thread that is traced is one of the process until its tracer has heard of its end, long after
 * pthread_join(3). Without a tracer the moment is too short to be met at will.
 */
static void the_thread_is_gone_for_the_kernel_too(void **state)
{
	pid_t pid = start_traced();
	siginfo_t info = { 0 };
	int status = 0;

	while (waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOWAIT | __WALL) == 0) {
		/* The thread's end is known, and kept for a while. */
		if (info.si_code != CLD_TRAPPED && info.si_pid != pid)
			usleep(20000);
		assert_int_equal(waitpid(info.si_pid, &status, __WALL), info.si_pid);
		if (WIFSTOPPED(status))
			ptrace(PTRACE_CONT, info.si_pid, NULL, NULL);
		else if (info.si_pid == pid)
			break;
	}
	assert_int_equal(status, 0);
}

static void *exit_thread(void *data)
{
	return data;
}

static bool have_one_cpu(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET((size_t)sched_getcpu(), &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus) == 0;
}

/* As at RLIMIT_NPROC, which does not hold for root. */
static bool have_no_more_threads(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAGAIN),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(code), code };
	pthread_t thread;

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
	       pthread_create(&thread, NULL, exit_thread, NULL) == EAGAIN;
}

static void work_alone(bool (*prepare)(void))
{
	struct seen taken = { 0 }, given = { .size = 100003 };
	struct pipeline pipeline;
	size_t n;

	if (!prepare() || pipeline_open(&pipeline, ROOM, take, &taken) ||
	    put_all(&pipeline, 100003) || pipeline_end(&pipeline))
		_exit(1);
	pipeline_close(&pipeline);
	if (taken.beside || taken.wrong || taken.n != 100003)
		_exit(2);
	if (pipeline_open(&pipeline, ROOM, give, &given) || get_all(&pipeline, &n) || n != 100003)
		_exit(3);
	pipeline_close(&pipeline);
	_exit(given.beside ? 4 : 0);
}

static void it_is_done_alone(bool (*prepare)(void))
{
	pid_t pid = child_fork();
	int status = 0;

	assert_true(pid >= 0);
	if (pid == 0)
		work_alone(prepare);
	child_wait(pid, &status);
	assert_int_equal(status, 0);
}

static void on_one_cpu_there_is_no_thread(void **state)
{
	it_is_done_alone(have_one_cpu);
}

static void who_cannot_have_a_thread_does_without(void **state)
{
	it_is_done_alone(have_no_more_threads);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_taken_in_order),
		cmocka_unit_test(what_is_given_is_got_in_order),
		cmocka_unit_test(only_what_is_large_has_a_thread_which_takes_no_signals),
		cmocka_unit_test(an_error_of_the_work_comes_back_and_is_the_last_of_it),
		cmocka_unit_test(an_error_in_the_rest_comes_back_at_the_end),
		cmocka_unit_test(closing_early_waits_for_nobody),
		cmocka_unit_test(the_thread_is_gone_for_the_kernel_too),
		cmocka_unit_test(on_one_cpu_there_is_no_thread),
		cmocka_unit_test(who_cannot_have_a_thread_does_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
