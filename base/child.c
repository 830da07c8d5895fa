// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/child.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"

int child_hide(void)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0 ? -errno : 0;
}

int child_become_root(void)
{
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return -errno;
	/* The numbers' own wrappers would tell other threads; there are none. */
	if (syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0)
		return -errno;
	return child_hide();
}

/* @parent_fd: its pidfd, or negative: then a parent outside of our pid namespace counts as alive.
 */
static bool has_parent(pid_t parent, int parent_fd)
{
	struct pollfd end = { .fd = parent_fd, .events = POLLIN };

	pid_t now = getppid();

	if (now != 0)
		return now == parent;
	return parent_fd < 0 || poll(&end, 1, 0) == 0;
}

static pthread_mutex_t forking = PTHREAD_MUTEX_INITIALIZER;

void child_lock(void)
{
	pthread_mutex_lock(&forking);
}

void child_unlock(void)
{
	pthread_mutex_unlock(&forking);
}

/* Of the caller's threads there is only this one, and of its children none. */
static void begin_child(void)
{
	child_unlock();
	cancel_swap(CANCEL_NONE);
	/* Its handler is the caller's code; ignored, statuses would be lost. */
	signal(SIGCHLD, SIG_DFL);
}

pid_t child_fork_locked(void)
{
	pid_t parent = getpid();
	cleanup_fd int parent_fd = sys_pidfd_open((int)parent);

	/* Where the child could not hide itself there is none: the parent has the words for it. */
	if (prctl(PR_GET_DUMPABLE) < 0)
		return -errno;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid > 0)
		return pid;
	begin_child();
	int err = child_hide();

	if (err) {
		log_error(err, "a process cannot be kept from the eyes of others");
		_exit(1);
	}
	/* The parent may have died before the signal was asked for; then none comes. */
	if (!has_parent(parent, parent_fd))
		_exit(1);
	return 0;
}

pid_t child_fork(void)
{
	child_lock();
	pid_t pid = child_fork_locked();

	if (pid)
		child_unlock();
	return pid;
}

static pid_t fork_with(int pair[2])
{
	pid_t pid = child_fork_locked();

	if (pid)
		fd_close(&pair[1]);
	if (pid <= 0)
		fd_close(&pair[0]);
	return pid;
}

pid_t child_fork_socket(int *ret_sock)
{
	int pair[2] = { -EBADF, -EBADF };

	child_lock();
	int err = fd_pair(pair);
	pid_t pid = err ? err : fork_with(pair);

	if (pid)
		child_unlock();
	*ret_sock = pid ? pair[0] : pair[1];
	return pid;
}

#define LOOK_MS 1000

static void say_stopped(pid_t pid)
{
	log_error(0,
		  "process %d of rebind's was stopped by another process in its namespaces, and is "
		  "killed",
		  (int)pid);
}

static void end_stopped(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	if (waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOHANG | WNOWAIT) < 0 || !info.si_pid)
		return;
	say_stopped(pid);
	kill(pid, SIGKILL);
}

/* With what cancels as one more. */
static int poll_once(struct pollfd *wait, nfds_t n, int timeout)
{
	struct pollfd all[CHILD_POLL_MAX + 1];

	memcpy(all, wait, n * sizeof(*wait));
	all[n] = (struct pollfd){ .fd = cancel_fd(), .events = POLLIN };
	int got = poll(all, n + 1, timeout);

	memcpy(wait, all, n * sizeof(*wait));
	if (got > 0 && all[n].revents)
		return cancel_check();
	return got < 0 ? -errno : got;
}

int child_poll(pid_t pid, struct pollfd *wait, nfds_t n)
{
	int got;

	while ((got = poll_once(wait, n, pid > 0 ? LOOK_MS : -1)) <= 0) {
		if (got < 0 && got != -EINTR)
			return got;
		if (got == 0)
			end_stopped(pid);
	}
	return 0;
}

int child_await(pid_t pid, int sock)
{
	struct pollfd wait = { .fd = sock, .events = POLLIN };

	return child_poll(pid, &wait, 1);
}

ssize_t child_recv(pid_t pid, int sock, void *data, size_t size, int *ret_fd)
{
	int err = child_await(pid, sock);

	return err ? err : fd_recv(sock, data, size, ret_fd);
}

/* "PID (NAME) STATE ..."; T is stopped by a signal. */
static bool is_stopped(pid_t pid)
{
	char path[64], stat[128];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, stat, sizeof(stat) - 1);

	stat[n > 0 ? n : 0] = '\0';
	const char *end = strrchr(stat, ')');

	return end && strncmp(end, ") T", 3) == 0;
}

int child_await_sibling(pid_t pid, int pidfd, int sock)
{
	struct pollfd wait = { .fd = sock, .events = POLLIN };
	int got;

	while ((got = poll_once(&wait, 1, LOOK_MS)) <= 0) {
		if (got < 0 && got != -EINTR)
			return got;
		if (got < 0 || !is_stopped(pid))
			continue;
		say_stopped(pid);
		sys_pidfd_kill(pidfd);
	}
	return 0;
}

/* As waitpid(2), but not for one that stays stopped: a terminal's key stops us as well. */
static pid_t await_end(pid_t pid, int *ret_status)
{
	pid_t got = waitpid(pid, ret_status, WUNTRACED);

	if (got != pid || !WIFSTOPPED(*ret_status))
		return got;
	poll(NULL, 0, LOOK_MS);
	got = waitpid(pid, ret_status, WUNTRACED | WCONTINUED | WNOHANG);
	if (got == 0) {
		say_stopped(pid);
		kill(pid, SIGKILL);
	}
	return got;
}

int child_wait(pid_t pid, int *ret_status)
{
	int status = 0;
	pid_t got;

	do {
		got = await_end(pid, &status);
		if (got < 0 && errno == ECHILD)
			break; /* it has ended, and was reaped by another */
		if (got < 0 && errno != EINTR)
			return -errno;
	} while (got <= 0 || WIFSTOPPED(status) || WIFCONTINUED(status));
	if (got < 0)
		status = 0;
	if (ret_status)
		*ret_status = status;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -ECHILD;
}

int child_wait_program(pid_t pid, int *ret_status)
{
	siginfo_t info;

	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0) {
		if (errno == ECHILD)
			break; /* child_wait() says what that means */
		if (errno != EINTR)
			return -errno;
	}
	return child_wait(pid, ret_status);
}

int child_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

int child_wait_errno(pid_t pid)
{
	int status = 0;
	int err = child_wait(pid, &status);

	return err == -ECHILD && WIFEXITED(status) ? -WEXITSTATUS(status) : err;
}

/* Else its number may be another process's by now. */
static bool is_ours(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void child_kill(pid_t *pid)
{
	int saved = errno;

	if (*pid > 0) {
		if (is_ours(*pid))
			kill(*pid, SIGKILL);
		child_wait(*pid, NULL);
	}
	*pid = 0;
	errno = saved;
}

void child_end(pid_t *pid, int patience)
{
	cleanup_fd int pidfd = *pid > 0 ? sys_pidfd_open((int)*pid) : -EBADF;
	struct pollfd end = { .fd = pidfd, .events = POLLIN };

	while (pidfd >= 0 && poll(&end, 1, patience) < 0 && errno == EINTR)
		;
	child_kill(pid);
}

void child_keep_heap(void)
{
#ifdef M_TRIM_THRESHOLD
	mallopt(M_TRIM_THRESHOLD, 8 << 20);
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

/* The kernel replaces it by the program's name when nothing can stop execve(2) any more. */
#define BEFORE_EXEC ":rebind exec:"

int child_before_exec(int proc_fd)
{
	int fd = prctl(PR_SET_NAME, BEFORE_EXEC) < 0
			 ? -1
			 : openat(proc_fd, "self/stat", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

bool child_has_executed(int marked_fd)
{
	enum { FIRST_NAP = 50, LONGEST_NAP = 10000 }; /* microseconds: it takes a few hundred */
	char stat[128];
	ssize_t n;

	/* "PID (NAME) STATE ..."; of a process that was reaped, ESRCH. */
	for (useconds_t nap = FIRST_NAP; (n = pread(marked_fd, stat, sizeof(stat) - 1, 0)) > 0;
	     nap = nap < LONGEST_NAP ? nap * 2 : nap) {
		stat[n] = '\0';
		const char *name = strchr(stat, '('), *end = strrchr(stat, ')');

		if (!name || !end || strncmp(name + 1, BEFORE_EXEC ")", strlen(BEFORE_EXEC ")")))
			return true;
		if (end[1] == ' ' && (end[2] == 'Z' || end[2] == 'X'))
			return false;
		usleep(nap);
	}
	return false;
}

void child_trim_heap(size_t n)
{
	enum { MANY = 1000 };

#ifdef M_TRIM_THRESHOLD
	if (n >= MANY)
		malloc_trim(0);
#endif
}

void child_close_from(int first)
{
	if (syscall(SYS_close_range, (unsigned int)first, ~0U, 0) == 0)
		return;
	long max = sysconf(_SC_OPEN_MAX);

	for (int fd = first; fd < max; fd++)
		close(fd);
}
