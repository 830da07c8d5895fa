// SPDX-License-Identifier: LGPL-2.1-or-later
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "test/unit/help.h"

static int end_of(void (*run)(void), int *ret_status)
{
	pid_t pid = child_fork();

	assert_true(pid >= 0);
	if (pid == 0)
		run();
	return child_wait(pid, ret_status);
}

static void end_well(void)
{
	_exit(0);
}

static void end_badly(void)
{
	_exit(3);
}

static void be_killed(void)
{
	raise(SIGKILL);
}

static void only_status_0_is_a_good_end(void **state)
{
	int status = -1;

	assert_ok(end_of(end_well, &status));
	assert_int_equal(status, 0);
	assert_int_equal(end_of(end_badly, &status), -ECHILD);
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_int_equal(end_of(be_killed, &status), -ECHILD);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(end_of(end_badly, NULL), -ECHILD);
}

/* Its status is lost, and it counts as one that ended well: what matters is said over a socket. */
static void a_child_that_was_reaped_by_another_has_ended(void **state)
{
	struct sigaction before, ignored = { .sa_handler = SIG_IGN };
	int status = -1;

	assert_ok(child_wait(0x7ffffff0, &status));
	assert_int_equal(status, 0);
	assert_ok(sigaction(SIGCHLD, &ignored, &before));
	assert_ok(end_of(end_badly, &status));
	assert_ok(end_of(be_killed, NULL));
	assert_ok(sigaction(SIGCHLD, &before, NULL));
}

/* Its children are its own: it can wait for them whatever its parent ignores. */
static void have_a_child_that_fails(void)
{
	struct sigaction now;

	if (sigaction(SIGCHLD, NULL, &now) < 0 || now.sa_handler != SIG_DFL)
		_exit(1);
	_exit(end_of(end_badly, NULL) == -ECHILD ? 7 : 2);
}

static void a_child_waits_for_its_own_whatever_its_parent_ignores(void **state)
{
	struct sigaction before, ignored = { .sa_handler = SIG_IGN };
	int pair[2];
	char byte = 0;

	assert_ok(fd_pair(pair));
	assert_ok(sigaction(SIGCHLD, &ignored, &before));
	pid_t pid = child_fork();

	if (pid == 0) {
		pid_t own = child_fork();

		if (own == 0)
			have_a_child_that_fails();
		_exit(child_wait_errno(own) == -7 ? (int)fd_send(pair[1], "y", 1, -1) : 1);
	}
	close(pair[1]);
	assert_int_equal(fd_recv(pair[0], &byte, 1, NULL), 1);
	assert_int_equal(byte, 'y');
	assert_ok(child_wait(pid, NULL));
	close(pair[0]);
	assert_ok(sigaction(SIGCHLD, &before, NULL));
}

static void a_number_that_is_no_childs_is_not_killed(void **state)
{
	pid_t child = child_fork();

	if (child == 0) {
		pid_t not_ours = getppid(); /* our parent: no child */

		child_kill(&not_ours);
		_exit(0);
	}
	assert_ok(child_wait(child, NULL));
}

static void a_killed_child_is_reaped_and_forgotten(void **state)
{
	pid_t pid = child_fork(), number = pid;

	if (pid == 0)
		for (;;)
			pause();
	errno = EXDEV;
	child_kill(&pid);
	assert_int_equal(pid, 0);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(kill(number, 0), -1);
	child_kill(&pid);
	pid = -EAGAIN; /* a fork that failed: nobody, least of all everybody */
	child_kill(&pid);
	assert_int_equal(pid, 0);
}

static void a_child_does_not_outlive_its_parent(void **state)
{
	int pair[2];
	char byte;

	assert_ok(fd_pair(pair));
	pid_t pid = child_fork();

	if (pid == 0) {
		if (child_fork() == 0) {
			fd_send(pair[1], "l", 1, -1);
			for (;;)
				pause();
		}
		/* Not before it lives. */
		_exit(fd_recv(pair[0], &byte, 1, NULL) == 1 ? 0 : 1);
	}
	close(pair[1]);
	assert_ok(child_wait(pid, NULL));
	/* Its end of the socket closes when it is gone. */
	struct pollfd gone = { .fd = pair[0], .events = POLLIN };

	assert_int_equal(poll(&gone, 1, 10000), 1);
	assert_int_equal(fd_recv(pair[0], &byte, 1, NULL), 0);
	close(pair[0]);
}

static void descriptors_are_closed_from_a_number_on(void **state)
{
	pid_t pid = child_fork();

	if (pid == 0) {
		if (dup2(0, 500) < 0 || dup2(0, 10) < 0)
			_exit(2);
		child_close_from(11);
		_exit(fcntl(500, F_GETFD) == -1 && fcntl(10, F_GETFD) >= 0 ? 0 : 1);
	}
	assert_ok(child_wait(pid, NULL));
}

/* A child that marks itself, says so, and goes on. */
static pid_t start_marked(void (*then)(void), int *ret_marked)
{
	int pair[2];

	assert_ok(fd_pair(pair));
	pid_t pid = child_fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		int marked = child_before_exec(open("/proc", O_PATH | O_CLOEXEC));

		fd_send(pair[1], "", 1, marked);
		then();
		_exit(1);
	}
	char byte;

	close(pair[1]);
	assert_int_equal(fd_recv(pair[0], &byte, 1, ret_marked), 1);
	assert_true(*ret_marked >= 0);
	close(pair[0]);
	return pid;
}

static void execute_one_that_stays(void)
{
	execlp("sleep", "sleep", "100", NULL);
}

static void execute_one_that_ends(void)
{
	execlp("true", "true", NULL);
}

static void execute_nothing(void)
{
	execlp("/nowhere", "nowhere", NULL);
}

static void die_late(void)
{
	usleep(30000);
	raise(SIGKILL);
}

static void it_is_seen_whether_a_process_has_executed_its_program(void **state)
{
	static const struct {
		void (*then)(void);
		bool executed;
	} cases[] = {
		{ execute_one_that_stays, true },
		{ execute_one_that_ends, true },
		{ execute_nothing, false },
		{ be_killed, false },
		{ die_late, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_fd int marked = -EBADF;
		pid_t pid = start_marked(cases[i].then, &marked);

		assert_int_equal(child_has_executed(marked), cases[i].executed);
		child_kill(&pid);
		/* One that was reaped is not known any more. */
		assert_false(child_has_executed(marked));
	}
}

/* Either has its own end only: what waits sees that the other is gone. */
static void a_child_with_a_socket_sees_the_end_of_its_parents(void **state)
{
	int sock, status = 0;
	char byte;
	pid_t pid = child_fork_socket(&sock);

	if (pid == 0)
		_exit(fd_recv(sock, &byte, 1, NULL) == 0 ? 7 : 1);
	assert_true(pid > 0 && sock >= 0);
	fd_close(&sock);
	assert_int_equal(child_wait(pid, &status), -ECHILD);
	assert_int_equal(child_status(status), 7);
}

static void stop(void)
{
	raise(SIGSTOP);
	_exit(0);
}

static void one_that_stays_stopped_is_killed(void **state)
{
	int status = 0;

	assert_int_equal(end_of(stop, &status), -ECHILD);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* As with a terminal's key, which the next command takes back. */
static void one_that_goes_on_is_waited_for(void **state)
{
	int status = 1;
	pid_t pid = child_fork();

	if (pid == 0)
		stop();
	pid_t other = child_fork();

	if (other == 0) {
		usleep(300000);
		_exit(kill(pid, SIGCONT) < 0);
	}
	assert_ok(child_wait(pid, &status));
	assert_int_equal(status, 0);
	assert_ok(child_wait(other, NULL));
}

static void a_program_of_the_users_may_stay_stopped(void **state)
{
	int status = 1;
	pid_t pid = child_fork();

	if (pid == 0)
		stop();
	pid_t other = child_fork();

	if (other == 0) {
		usleep(1500000);
		_exit(kill(pid, SIGCONT) < 0);
	}
	assert_ok(child_wait_program(pid, &status));
	assert_int_equal(status, 0);
	assert_ok(child_wait(other, NULL));
}

/* Not a child of who waits. */
static void a_sibling_that_is_stopped_is_killed(void **state)
{
	int ends[2];

	assert_ok(fd_pair(ends));
	pid_t sibling = child_fork();

	if (sibling == 0) {
		fd_close(&ends[0]);
		stop();
	}
	pid_t pid = child_fork();

	if (pid == 0) {
		int pidfd = sys_pidfd_open(sibling);
		char byte;

		fd_close(&ends[1]);
		alarm(20);
		_exit(pidfd < 0 || child_await_sibling(sibling, pidfd, ends[0]) ||
		      fd_recv(ends[0], &byte, 1, NULL) != 0);
	}
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	assert_ok(child_wait(pid, NULL));
	assert_int_equal(child_wait_program(sibling, NULL), -ECHILD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_stays_stopped_is_killed),
		cmocka_unit_test(one_that_goes_on_is_waited_for),
		cmocka_unit_test(a_program_of_the_users_may_stay_stopped),
		cmocka_unit_test(a_sibling_that_is_stopped_is_killed),
		cmocka_unit_test(a_child_with_a_socket_sees_the_end_of_its_parents),
		cmocka_unit_test(only_status_0_is_a_good_end),
		cmocka_unit_test(a_child_that_was_reaped_by_another_has_ended),
		cmocka_unit_test(a_child_waits_for_its_own_whatever_its_parent_ignores),
		cmocka_unit_test(a_number_that_is_no_childs_is_not_killed),
		cmocka_unit_test(a_killed_child_is_reaped_and_forgotten),
		cmocka_unit_test(a_child_does_not_outlive_its_parent),
		cmocka_unit_test(descriptors_are_closed_from_a_number_on),
		cmocka_unit_test(it_is_seen_whether_a_process_has_executed_its_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
