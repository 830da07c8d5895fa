// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "test/unit/help.h"

static void a_taken_descriptor_has_one_owner(void **state)
{
	int fd = open("/", O_PATH | O_CLOEXEC), number = fd;
	cleanup_fd int taken = fd_take(&fd);

	assert_int_equal(taken, number);
	assert_int_equal(fd, -EBADF);
}

static void closing_keeps_errno_and_resets_the_variable(void **state)
{
	int fd = open("/", O_PATH | O_CLOEXEC), number = fd;

	errno = EXDEV;
	fd_close(&fd);
	assert_int_equal(fd, -EBADF);
	assert_int_equal(fcntl(number, F_GETFD), -1);
	errno = EXDEV;
	fd_close(&fd);
	fd_close(&(int){ 1000000 });
	assert_int_equal(errno, EXDEV);
}

/* A pipe takes 64 KiB at a time. */
static void what_is_written_in_pieces_is_read_in_full(void **state)
{
	static char in[300001], out[300002];
	int fds[2];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (char)(i * 7);
	assert_ok(pipe2(fds, O_CLOEXEC));
	pid_t pid = child_fork();

	if (pid == 0)
		_exit(fd_write_all(fds[1], in, sizeof(in)) ? 1 : 0);
	close(fds[1]);
	assert_int_equal(fd_read_full(fds[0], out, sizeof(out)), sizeof(in));
	assert_memory_equal(in, out, sizeof(in));
	assert_ok(child_wait(pid, NULL));
	close(fds[0]);
	assert_int_equal(fd_write_all(-1, "x", 1), -EBADF);
	assert_int_equal(fd_read_full(-1, out, 1), -EBADF);
}

static void a_file_is_slurped_whatever_its_size(void **state)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 16384, 16385, 1000000 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		cleanup_fd int fd = memfd_create("slurp", MFD_CLOEXEC);
		cleanup_free char *data = NULL;
		size_t size = 99;

		assert_ok(ftruncate(fd, (off_t)sizes[i]));
		assert_ok(fd_slurp(fd, &data, &size));
		assert_int_equal(size, sizes[i]);
		assert_int_equal(data[size], '\0');
	}
	char *data = (char *)1;

	assert_int_equal(fd_slurp(-1, &data, NULL), -EBADF);
	assert_ptr_equal(data, (char *)1);
}

static void a_message_brings_a_descriptor_along(void **state)
{
	cleanup_fd int file = memfd_create("sent", MFD_CLOEXEC);
	cleanup_fd int got = -EBADF;
	char buf[16];
	int pair[2];

	assert_ok(fd_pair(pair));
	assert_ok(fd_send(pair[0], "hello", 5, file));
	assert_int_equal(fd_recv(pair[1], buf, sizeof(buf), &got), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_true(got >= 0 && got != file);
	assert_true(fcntl(got, F_GETFD) & FD_CLOEXEC);
	fd_close(&got);
	assert_ok(fd_send(pair[0], "a", 1, -1));
	assert_int_equal(fd_recv(pair[1], buf, sizeof(buf), &got), 1);
	assert_int_equal(got, -EBADF);
	close(pair[0]);
	assert_int_equal(fd_recv(pair[1], buf, sizeof(buf), &got), 0);
	assert_int_equal(fd_send(pair[1], "a", 1, -1), -EPIPE);
	close(pair[1]);
}

static void a_message_that_is_too_long_is_refused_and_leaks_no_descriptor(void **state)
{
	unsigned int before;
	char buf[4];
	int pair[2], got = 77;

	assert_ok(fd_pair(pair));
	before = help_open_fds();
	assert_ok(fd_send(pair[0], "hello", 5, pair[0]));
	assert_int_equal(fd_recv(pair[1], buf, sizeof(buf), &got), -EMSGSIZE);
	assert_ok(fd_send(pair[0], "h", 1, pair[0]));
	assert_int_equal(fd_recv(pair[1], buf, sizeof(buf), NULL), 1);
	assert_int_equal(help_open_fds(), before);
	close(pair[0]);
	close(pair[1]);
}

/* The room for one descriptor is aligned, and holds two. */
static void of_two_descriptors_the_second_does_not_stay(void **state)
{
	union {
		char buf[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = control.buf,
			      .msg_controllen = sizeof(control.buf) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	cleanup_fd int got = -EBADF;
	int pair[2];
	char buf;

	assert_ok(fd_pair(pair));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(c), pair, 2 * sizeof(int));
	assert_int_equal(sendmsg(pair[0], &msg, 0), 1);
	unsigned int before = help_open_fds();

	assert_int_equal(fd_recv(pair[1], &buf, 1, &got), 1);
	assert_int_equal(help_open_fds(), before + (got >= 0));
	close(pair[0]);
	close(pair[1]);
}

static void the_limit_of_open_files_is_raised_by_the_first_and_lowered_by_the_last(void **state)
{
	struct rlimit before, limit;

	assert_ok(getrlimit(RLIMIT_NOFILE, &before));
	before.rlim_cur = 100;
	assert_ok(setrlimit(RLIMIT_NOFILE, &before));
	struct fd_limit first = fd_limit_raise(), second = fd_limit_raise();

	fd_limit_lower(&first);
	assert_ok(getrlimit(RLIMIT_NOFILE, &limit));
	assert_int_equal(limit.rlim_cur, limit.rlim_max);
	fd_limit_lower(&second);
	assert_ok(getrlimit(RLIMIT_NOFILE, &limit));
	assert_int_equal(limit.rlim_cur, before.rlim_cur);
}

static void a_descriptor_has_a_name_in_proc(void **state)
{
	char buf[32];

	assert_string_equal(fd_proc_path(2147483647, buf), "/proc/self/fd/2147483647");
}

static void a_directory_is_listed_without_itself_and_its_parent(void **state)
{
	cleanup_dirp DIR *dir = opendir("/proc/self/ns");
	const struct dirent *entry;
	int more, seen = 0;

	while ((more = fd_next_entry(dir, &entry)) > 0) {
		assert_int_not_equal(*entry->d_name, '.');
		seen += strcmp(entry->d_name, "mnt") == 0;
	}
	assert_int_equal(more, 0);
	assert_int_equal(seen, 1);
}

/* For readdir(3) both are NULL; an old errno is none of the directory's. */
static void a_failure_is_not_taken_for_the_end_of_a_directory(void **state)
{
	cleanup_fd int file = memfd_create("no directory", MFD_CLOEXEC);
	cleanup_dirp DIR *dir = opendir("/proc/self/ns");
	const struct dirent *entry;
	int more;

	errno = EXDEV;
	while ((more = fd_next_entry(dir, &entry)) > 0)
		errno = EXDEV;
	assert_int_equal(more, 0);
	rewinddir(dir);
	assert_int_equal(dup3(file, dirfd(dir), O_CLOEXEC), dirfd(dir));
	assert_int_equal(fd_next_entry(dir, &entry), -ENOTDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_taken_descriptor_has_one_owner),
		cmocka_unit_test(closing_keeps_errno_and_resets_the_variable),
		cmocka_unit_test(what_is_written_in_pieces_is_read_in_full),
		cmocka_unit_test(a_file_is_slurped_whatever_its_size),
		cmocka_unit_test(a_message_brings_a_descriptor_along),
		cmocka_unit_test(a_message_that_is_too_long_is_refused_and_leaks_no_descriptor),
		cmocka_unit_test(of_two_descriptors_the_second_does_not_stay),
		cmocka_unit_test(
			the_limit_of_open_files_is_raised_by_the_first_and_lowered_by_the_last),
		cmocka_unit_test(a_descriptor_has_a_name_in_proc),
		cmocka_unit_test(a_directory_is_listed_without_itself_and_its_parent),
		cmocka_unit_test(a_failure_is_not_taken_for_the_end_of_a_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
