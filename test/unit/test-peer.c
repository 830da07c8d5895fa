// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/peer.h"

#include "test/unit/help.h"

static void a_descriptor_is_found_by_its_number_there(void **state)
{
	cleanup_peer struct peer peer = PEER_NONE;
	cleanup_fd int dir = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat a, b;
	int pair[2];

	assert_ok(fd_pair(pair));
	assert_ok(peer_find(pair[0], &peer));
	assert_int_equal(peer.pid, getpid());
	assert_int_equal(peer.uid, getuid());
	assert_true(peer_may_ask(&peer));
	cleanup_fd int fd = peer_open(&peer, dir, O_RDONLY | O_DIRECTORY);

	assert_true(fd >= 0 && fd != dir);
	assert_ok(fstat(dir, &a));
	assert_ok(fstat(fd, &b));
	assert_true(a.st_dev == b.st_dev && a.st_ino == b.st_ino);
	assert_int_equal(peer_open(&peer, 9999, O_RDONLY), -EBADF);
	assert_int_equal(peer_open(&peer, -1, O_RDONLY), -EBADF);
	cleanup_fd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_int_equal(peer_open(&peer, null, O_RDONLY | O_DIRECTORY), -ENOTDIR);
	close(pair[0]);
	close(pair[1]);
}

/* Its number may be somebody else's by then. */
static void one_that_is_gone_has_no_descriptors(void **state)
{
	cleanup_peer struct peer peer = PEER_NONE;
	int end[2];

	assert_ok(pipe(end));
	pid_t pid = fork();

	if (pid == 0) {
		char byte;

		close(end[1]);
		_exit(read(end[0], &byte, 1) != 0);
	}
	peer = (struct peer){ .pid = pid, .pidfd = sys_pidfd_open(pid) };
	cleanup_fd int fd = peer_open(&peer, STDIN_FILENO, O_PATH);

	assert_true(fd >= 0);
	close(end[0]);
	close(end[1]);
	assert_ok(child_wait(pid, NULL));
	assert_int_equal(peer_open(&peer, STDIN_FILENO, O_PATH), -ESRCH);
	peer.pid = getpid(); /* as if the number had been given again */
	assert_int_equal(peer_open(&peer, STDIN_FILENO, O_PATH), -ESRCH);
	peer.pid = 0;
	assert_int_equal(peer_open(&peer, STDIN_FILENO, O_PATH), -ESRCH);
}

static void only_root_and_ones_own_user_may_ask(void **state)
{
	assert_true(peer_may_ask(&(struct peer){ .uid = 0 }));
	assert_true(peer_may_ask(&(struct peer){ .uid = geteuid() }));
	assert_false(peer_may_ask(&(struct peer){ .uid = geteuid() + 1 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_descriptor_is_found_by_its_number_there),
		cmocka_unit_test(one_that_is_gone_has_no_descriptors),
		cmocka_unit_test(only_root_and_ones_own_user_may_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
