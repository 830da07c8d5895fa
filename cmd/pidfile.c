// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/pidfile.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/sys.h"
#include "cmd/options.h"
#include "cmd/output-path.h"

#define HOLDER_NAME "rebind-holder" /* inside/hold.c: its comm */

/* 0644 less the umask, as any pidfile. */
enum { MODE = 0644 };

static int open_unnamed(struct pidfile *pidfile)
{
	cleanup_free char *dir = output_path_parent(pidfile->path);

	if (!dir)
		return -ENOMEM;
	pidfile->fd = open(dir, O_WRONLY | O_TMPFILE | O_CLOEXEC, MODE);
	if (pidfile->fd < 0)
		return -errno;
	pidfile->unnamed = pidfile->is_new = true;
	return 0;
}

static int open_named(struct pidfile *pidfile)
{
	pidfile->fd = open(pidfile->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
	if (pidfile->fd < 0)
		return -errno;
	pidfile->created = pidfile->is_new = true;
	return 0;
}

/* Is it one of ours, and not about to end: a process that was killed is not dead at once. */
static bool is_holder(pid_t pid)
{
	enum { PATIENCE = 100 }; /* milliseconds */
	char name[32], comm[16] = "";
	struct pollfd pollfd = { .events = POLLIN };

	snprintf(name, sizeof(name), "/proc/%d/comm", (int)pid);
	cleanup_fd int pidfd = sys_pidfd_open((int)pid);
	cleanup_fd int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (pidfd < 0 || fd < 0 || fd_read_full(fd, comm, sizeof(comm) - 1) < 0 ||
	    strcmp(comm, HOLDER_NAME "\n") != 0)
		return false;
	pollfd.fd = pidfd;
	return poll(&pollfd, 1, PATIENCE) == 0;
}

/* The process that a pidfile names, if it holds a namespace; or 0. */
static pid_t read_holder(const char *path)
{
	char text[16] = "";
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	int64_t pid;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    fd_read_full(fd, text, sizeof(text) - 1) <= 0)
		return 0;
	return options_number(text, strcspn(text, "\n"), 1, INT_MAX, &pid) == 0 &&
			       is_holder((pid_t)pid)
		       ? (pid_t)pid
		       : 0;
}

int pidfile_open(struct pidfile *pidfile, const char *path)
{
	*pidfile = (struct pidfile){ .path = path, .fd = -EBADF, .holder = read_holder(path) };
	if (pidfile->holder)
		return -EEXIST;
	pidfile->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (pidfile->fd >= 0)
		return 0;
	if (errno != ENOENT)
		return -errno;
	int err = open_unnamed(pidfile);

	/* EISDIR is what a kernel without O_TMPFILE says; and some filesystems have none. */
	if (err == -EOPNOTSUPP || err == -EISDIR || err == -EINVAL)
		return open_named(pidfile);
	return err;
}

/* Is it the file that stands at its path? */
static bool is_in_place(const struct pidfile *pidfile)
{
	struct stat own, there;

	return fstat(pidfile->fd, &own) == 0 && stat(pidfile->path, &there) == 0 &&
	       own.st_dev == there.st_dev && own.st_ino == there.st_ino;
}

/*
 * As descriptors 0 and 1, and no other: a socket to the builder, or what the caller has, would not
 * be seen to close while this process lives. By the end of standard error, which stays, a caller
 * learns that all is undone. Return: the first.
 */
static int keep_two(int fd, int *file)
{
	int first = fcntl(fd, F_DUPFD, 3), second = fcntl(*file, F_DUPFD, 3);

	if (first < 0 || second < 0 || dup2(first, 0) < 0 || dup2(second, 1) < 0)
		_exit(1);
	child_close_from(3);
	*file = 1;
	return 0;
}

/* If rebind dies without a message, so does @pid, unless it was released already. */
_Noreturn static void guard(struct pidfile *pidfile, pid_t pid, int fd)
{
	enum { PATIENCE = 1000 }; /* milliseconds: it is being killed, if at all */
	char word;

	/* Said only now: until then a signal to rebind's process group ends this one, too. */
	if (fd_send(fd, "r", 1, -1) || fd_read_full(fd, &word, 1) == 1)
		_exit(0);
	struct pollfd pollfd = { .fd = sys_pidfd_open((int)pid), .events = POLLIN };

	pidfile->written = is_in_place(pidfile);
	if (pollfd.fd < 0 || poll(&pollfd, 1, PATIENCE) > 0)
		pidfile_take_back(pidfile);
	_exit(0);
}

static int start_guard(struct pidfile *pidfile, pid_t pid)
{
	int ends[2];
	int err = fd_pair(ends);

	if (err)
		return err;
	pidfile->guard = fork();
	if (pidfile->guard == 0) {
		/* A key or a signal to our process group must not kill it with us. */
		setsid();
		guard(pidfile, pid, keep_two(ends[0], &pidfile->fd));
	}
	err = pidfile->guard < 0 ? -errno : 0;
	close(ends[0]);
	pidfile->guard_fd = ends[1];
	char word;

	if (!err && fd_read_full(ends[1], &word, 1) != 1)
		err = -ECHILD;
	if (err) {
		pidfile->guard = 0;
		fd_close(&pidfile->guard_fd);
	}
	return err;
}

static void dismiss_guard(struct pidfile *pidfile)
{
	if (!pidfile->guard)
		return;
	/* If it was killed, this must not end in SIGPIPE. */
	(void)fd_send(pidfile->guard_fd, "k", 1, -1);
	fd_close(&pidfile->guard_fd);
	child_wait(pidfile->guard, NULL);
	pidfile->guard = 0;
}

int pidfile_write(struct pidfile *pidfile, pid_t pid)
{
	char text[16], name[32];
	int n = snprintf(text, sizeof(text), "%d\n", (int)pid);
	struct stat st;
	int err;

	/* A pipe or a terminal is not truncated. */
	if (fstat(pidfile->fd, &st) < 0 || (S_ISREG(st.st_mode) && ftruncate(pidfile->fd, 0) < 0))
		return -errno;
	err = S_ISREG(st.st_mode) ? start_guard(pidfile, pid) : 0;
	if (!err)
		err = fd_write_all(pidfile->fd, text, (size_t)n);
	if (err)
		return err;
	if (pidfile->unnamed && linkat(AT_FDCWD, fd_proc_path(pidfile->fd, name), AT_FDCWD,
				       pidfile->path, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	pidfile->created = false;
	pidfile->written = true;
	return 0;
}

void pidfile_take_back(struct pidfile *pidfile)
{
	struct stat st;

	if (!pidfile->written)
		return;
	if (pidfile->is_new)
		unlink(pidfile->path);
	else if (fstat(pidfile->fd, &st) == 0 && S_ISREG(st.st_mode) &&
		 ftruncate(pidfile->fd, 0) == 0)
		lseek(pidfile->fd, 0, SEEK_SET);
	pidfile->written = false;
}

pid_t pidfile_holder(const struct pidfile *pidfile)
{
	return read_holder(pidfile->path);
}

void pidfile_end_holder(const struct pidfile *pidfile)
{
	pid_t pid = read_holder(pidfile->path);

	if (!pid || kill(pid, SIGKILL) < 0)
		return;
	if (pidfile->is_new)
		unlink(pidfile->path);
	else
		(void)!truncate(pidfile->path, 0);
}

void pidfile_close(struct pidfile *pidfile)
{
	dismiss_guard(pidfile);
	if (pidfile->created)
		unlink(pidfile->path);
	pidfile->created = false;
	fd_close(&pidfile->fd);
}
