// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/pause.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "test/unit/help.h"

static struct pause_request wish_of(uint32_t make)
{
	struct pause_request request = { .make = make };

	for (int i = 0; i < NS_USER; i++)
		request.join[i] = -EBADF;
	return request;
}

static bool same_ns(pid_t pid, const char *name)
{
	char path[64];
	struct stat a, b;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	assert_ok(stat(path, &a));
	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	assert_ok(stat(path, &b));
	return a.st_ino == b.st_ino;
}

static void wait_until_gone(int pidfd)
{
	struct pollfd gone = { .fd = pidfd, .events = POLLIN };

	assert_int_equal(poll(&gone, 1, 10000), 1);
}

/* In a child, for the tests need not be alone in their namespace. */
static int new_mounts(void)
{
	int pair[2], fd = -1;

	assert_ok(fd_pair(pair));
	pid_t pid = fork();

	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0)
			_exit(1);
		_exit(fd_send(pair[1], "m", 1, open("/proc/self/ns/mnt", O_RDONLY)) != 0);
	}
	char byte;

	assert_int_equal(fd_recv(pair[0], &byte, 1, &fd), 1);
	assert_ok(child_wait(pid, NULL));
	close(pair[0]);
	close(pair[1]);
	return fd;
}

static void it_has_the_namespaces_that_were_wished_for(void **state)
{
	struct pause_request request = wish_of(CLONE_NEWPID | CLONE_NEWUTS);
	cleanup_pause struct pause holder = PAUSE_NONE;

	if (geteuid() != 0)
		skip();
	assert_ok(pause_start(&request, &holder));
	assert_true(holder.pid > 0);
	assert_false(same_ns(holder.pid, "pid"));
	assert_false(same_ns(holder.pid, "uts"));
	assert_true(same_ns(holder.pid, "net"));
	assert_true(same_ns(holder.pid, "mnt"));
	/* A second one joins what the first one made. */
	cleanup_pause struct pause second = PAUSE_NONE;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)holder.pid);
	request = wish_of(0);
	request.join[NS_PID] = open(path, O_RDONLY | O_CLOEXEC);
	assert_ok(pause_start(&request, &second));
	close(request.join[NS_PID]);
	assert_false(same_ns(second.pid, "pid"));
	/* We did not: what we fork is where we are. */
	pid_t pid = fork();

	if (pid == 0)
		_exit(!same_ns(getpid(), "pid"));
	assert_ok(child_wait(pid, NULL));
}

static void it_enters_what_it_is_told_to_and_ends_with_its_maker(void **state)
{
	struct pause_request request = wish_of(0);
	cleanup_pause struct pause holder = PAUSE_NONE;
	cleanup_fd int mounts = new_mounts();

	if (geteuid() != 0)
		skip();
	assert_ok(pause_start(&request, &holder));
	assert_int_equal(pause_enter(&holder, -1), -EBADF);
	/* What could not enter is of no use any more. */
	wait_until_gone(holder.pidfd);
	pause_end(&holder);
	assert_ok(pause_start(&request, &holder));
	assert_ok(pause_enter(&holder, mounts));
	assert_false(same_ns(holder.pid, "mnt"));
	fd_close(&holder.sock);
	wait_until_gone(holder.pidfd);
}

static void released_it_answers_and_ends_when_it_is_told_to(void **state)
{
	struct pause_request request = wish_of(CLONE_NEWPID);
	cleanup_pause struct pause holder = PAUSE_NONE;
	cleanup_fd int mounts = new_mounts();
	char answer[16];
	int pair[2], ns, status;

	if (geteuid() != 0)
		skip();
	assert_ok(fd_pair(pair));
	assert_ok(pause_start(&request, &holder));
	assert_ok(pause_enter(&holder, mounts));
	pid_t pid = holder.pid;

	assert_ok(pause_release(&holder, pair[0], "done", 4));
	assert_int_equal(holder.pid, 0);
	close(pair[0]);
	assert_int_equal(fd_recv(pair[1], answer, sizeof(answer), &ns), 4);
	assert_memory_equal(answer, "done", 4);
	assert_true(ns >= 0);
	close(ns);
	/* It keeps no end of the client's connection. */
	assert_int_equal(fd_recv(pair[1], answer, sizeof(answer), NULL), 0);
	close(pair[1]);
	pause_end(&holder);
	assert_ok(kill(pid, 0));
	assert_ok(kill(pid, SIGTERM));
	assert_ok(child_wait(pid, &status));
}

static void it_does_not_live_on_for_a_client_that_is_gone(void **state)
{
	struct pause_request request = wish_of(0);
	cleanup_pause struct pause holder = PAUSE_NONE;
	cleanup_fd int mounts = new_mounts();
	int pair[2];

	if (geteuid() != 0)
		skip();
	assert_ok(fd_pair(pair));
	assert_ok(pause_start(&request, &holder));
	assert_ok(pause_enter(&holder, mounts));
	close(pair[1]);
	assert_int_equal(pause_release(&holder, pair[0], "done", 4), -EPIPE);
	wait_until_gone(holder.pidfd);
	close(pair[0]);
}

static void the_first_process_reaps_what_is_orphaned(void **state)
{
	struct pause_request request = wish_of(CLONE_NEWPID);
	cleanup_pause struct pause holder = PAUSE_NONE;
	cleanup_fd int mounts = new_mounts();
	char path[64];
	int pair[2], status, orphan, tries = 0;

	if (geteuid() != 0)
		skip();
	assert_ok(fd_pair(pair));
	assert_ok(pause_start(&request, &holder));
	assert_ok(pause_enter(&holder, mounts));
	pid_t first = holder.pid;

	assert_ok(pause_release(&holder, pair[0], "", 1));
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)first);
	cleanup_fd int ns = open(path, O_RDONLY | O_CLOEXEC);
	pid_t pid = fork();

	if (pid == 0) {
		if (setns(ns, CLONE_NEWPID) < 0)
			_exit(1);
		pid = fork();
		if (pid > 0)
			_exit(child_wait(pid, NULL) != 0);
		/* The parent in the namespace; its child is orphaned, and ends. */
		pid = fork();
		if (pid > 0)
			_exit(0);
		while (getppid() != 1)
			usleep(1000);
		_exit(0);
	}
	assert_ok(child_wait(pid, &status));
	/* No process but the first is left there: one that nobody reaped would be. */
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)first, (int)first);
	do {
		cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
		char text[64];

		orphan = (int)read(fd, text, sizeof(text));
		usleep(1000);
	} while (orphan > 0 && ++tries < 5000);
	assert_int_equal(orphan, 0);
	kill(first, SIGKILL);
	child_wait(first, NULL);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_has_the_namespaces_that_were_wished_for),
		cmocka_unit_test(it_enters_what_it_is_told_to_and_ends_with_its_maker),
		cmocka_unit_test(released_it_answers_and_ends_when_it_is_told_to),
		cmocka_unit_test(it_does_not_live_on_for_a_client_that_is_gone),
		cmocka_unit_test(the_first_process_reaps_what_is_orphaned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
