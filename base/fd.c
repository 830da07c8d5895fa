// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/fd.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cancel.h"

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -EBADF;
	errno = saved;
}

void fd_run_close(struct fd_run *run)
{
	int saved = errno;
	unsigned int first = (unsigned int)run->first;

	if (run->n > 1 && syscall(SYS_close_range, first, first + run->n - 1, 0) == 0)
		run->n = 0;
	for (unsigned int i = 0; i < run->n; i++)
		close(run->first + (int)i);
	run->n = 0;
	errno = saved;
}

void fd_run_add(struct fd_run *run, int *fd)
{
	enum { MAX = 64 };

	if (*fd < 0)
		return;
	if (run->n == MAX || (run->n && *fd != run->first + (int)run->n))
		fd_run_close(run);
	if (!run->n)
		run->first = *fd;
	run->n++;
	*fd = -EBADF;
}

int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -EBADF;
	return taken;
}

int fd_write_all(int fd, const void *data, size_t size)
{
	const char *p = data;

	while (size) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

ssize_t fd_read_full(int fd, void *data, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, (char *)data + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int fd_slurp(int fd, char **ret_data, size_t *ret_size)
{
	return fd_slurp_at_most(fd, SIZE_MAX, ret_data, ret_size);
}

int fd_slurp_at_most(int fd, size_t limit, char **ret_data, size_t *ret_size)
{
	cleanup_free char *data = NULL;
	size_t size = 0, room = 0;

	for (;;) {
		if (room - size < 4096) {
			size_t more = room ? room * 2 : 16384;
			char *p = realloc(data, more + 1);

			if (!p)
				return -ENOMEM;
			data = p;
			room = more;
		}
		ssize_t n = read(fd, data + size, room - size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		size += (size_t)n;
		if (size > limit)
			return -EFBIG;
	}
	data[size] = '\0';
	*ret_size = size;
	*ret_data = take_ptr(&data);
	return 0;
}

int fd_send(int sock, const void *data, size_t size, int fd)
{
	struct iovec part = { .iov_base = (void *)data, .iov_len = size };

	return fd_send_parts(sock, &part, 1, fd);
}

int fd_send_parts(int sock, struct iovec *parts, size_t n_parts, int fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct msghdr msg = { .msg_iov = parts, .msg_iovlen = n_parts };
	ssize_t n;

	if (fd >= 0) {
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	do {
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

ssize_t fd_recv(int sock, void *data, size_t size, int *ret_fd)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		/* Not all of buf: its padding would take a second descriptor in. */
		.msg_controllen = CMSG_LEN(sizeof(int)),
	};
	cleanup_fd int fd = -EBADF;
	ssize_t n = cancel_await(sock);

	if (n < 0)
		return n;
	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	/* Told once, and before what the other one said last: that is read, or its end. */
	if (n < 0 && errno == ECONNRESET)
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(int));
	if (msg.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	if (ret_fd)
		*ret_fd = fd_take(&fd);
	return n;
}

int fd_pair(int ret_pair[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_pair) < 0)
		return -errno;
	return 0;
}

/* It is the process's, so it is raised by the first that asks, and lowered by the last. */
static pthread_mutex_t limit_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int limit_users, limit_lent;
static rlim_t limit_before; /* while there are any of both */

/* Return: what it was. */
static rlim_t limit_set(rlim_t soft)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return limit_before;
	rlim_t was = limit.rlim_cur;

	limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
	/* Where it cannot be set, it is enough or the call that needs more says so. */
	if (limit.rlim_cur != was)
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	return was;
}

static void limit_use(void)
{
	if (limit_users++ > 0)
		return;
	rlim_t was = limit_set(RLIM_INFINITY);

	if (!limit_lent)
		limit_before = was;
}

struct fd_limit fd_limit_raise(void)
{
	pthread_mutex_lock(&limit_lock);
	limit_use();
	pthread_mutex_unlock(&limit_lock);
	return (struct fd_limit){ .is_raised = true };
}

void fd_limit_lower(struct fd_limit *limit)
{
	if (!limit->is_raised)
		return;
	limit->is_raised = false;
	pthread_mutex_lock(&limit_lock);
	if (--limit_users == 0)
		limit_set(limit_before);
	pthread_mutex_unlock(&limit_lock);
}

void fd_limit_lend(size_t least)
{
	pthread_mutex_lock(&limit_lock);
	limit_lent++;
	if (--limit_users == 0)
		limit_set(limit_before > least ? limit_before : least);
	pthread_mutex_unlock(&limit_lock);
}

void fd_limit_take_back(void)
{
	pthread_mutex_lock(&limit_lock);
	limit_use();
	limit_lent--;
	pthread_mutex_unlock(&limit_lock);
}

void fd_limit_in_child(void)
{
	/* Without the lock: in a forked child another thread's would never be let go. */
	if (limit_users)
		limit_set(limit_before);
}

const char *fd_proc_path(int fd, char buf[32])
{
	snprintf(buf, 32, "/proc/self/fd/%d", fd);
	return buf;
}

DIR *fd_open_dir(int dir_fd, const char *name)
{
	cleanup_fd int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (dir)
		fd_take(&fd);
	return dir;
}

int fd_next_entry(DIR *dir, const struct dirent **ret)
{
	for (;;) {
		errno = 0;
		const struct dirent *entry = readdir(dir);

		if (!entry)
			return -errno;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		*ret = entry;
		return 1;
	}
}

void fd_close_dir(DIR **dir)
{
	int saved = errno;

	if (*dir)
		closedir(*dir);
	*dir = NULL;
	errno = saved;
}

void fd_close_file(FILE **file)
{
	if (*file)
		fclose(*file);
	*file = NULL;
}

bool fd_same_file(int left, int right)
{
	struct stat l, r;

	return fstat(left, &l) == 0 && fstat(right, &r) == 0 && l.st_dev == r.st_dev &&
	       l.st_ino == r.st_ino;
}
