// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A process for each connection: whatever a request does to its process (namespaces, memory, a
 * crash), the service does not change. The children die with the service. A client gets its process
 * when it has sent its first request. Until then it waits in waiting.c, so that silent clients do
 * not delay others.
 */
#include "runtime/rpc/service.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "runtime/rpc/activation.h"
#include "runtime/rpc/connection.h"
#include "runtime/rpc/waiting.h"

#define CHILDREN_MAX 64 /* at once; more clients wait */
#define USER_MAX     48 /* of them one user's: a place stays for the other's */

struct listener {
	const char *path;
	int sock, signal_fd;
	enum criu_by by;
	dev_t dev; /* of the socket's file, to know it again */
	ino_t ino;
	struct {
		pid_t pid;
		uid_t uid;
	} children[CHILDREN_MAX];
	size_t n_children;
	struct waiting waiting;
};

/* ---- the socket ---- */

static int set_address(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(ret->sun_path))
		return log_error(-ENAMETOOLONG, "cannot listen at '%s'", path);
	strcpy(ret->sun_path, path);
	return 0;
}

/* Is a socket file that is in the way one that no process listens on? */
static int is_stale(const struct sockaddr_un *address)
{
	cleanup_fd int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (sock < 0)
		return -errno;
	if (connect(sock, (const struct sockaddr *)address, sizeof(*address)) == 0)
		return 0;
	return errno == ECONNREFUSED;
}

static int clear_place(const char *path, const struct sockaddr_un *address)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : log_error(-errno, "cannot look at '%s'", path);
	if (!S_ISSOCK(st.st_mode))
		return log_error(-EEXIST, "cannot listen at '%s', which is not a socket", path);
	if (is_stale(address) != 1)
		return log_error(-EADDRINUSE, "cannot listen at '%s': another process does", path);
	log_warn("'%s' was left by a service that is gone, and is replaced", path);
	return unlink(path) < 0 ? log_error(-errno, "cannot remove '%s'", path) : 0;
}

/* Two services that start at once must not take each other's socket for a stale one. */
static int lock_directory(const char *path)
{
	cleanup_free char *dir = strdup(path);
	char *slash = dir ? strrchr(dir, '/') : NULL;

	if (!dir)
		return -ENOMEM;
	if (slash)
		slash[slash == dir ? 1 : 0] = '\0';
	cleanup_fd int fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return log_error(-errno, "cannot listen at '%s'", path);
	return fd_take(&fd);
}

static int bind_socket(struct listener *l, const struct sockaddr_un *address)
{
	struct stat st;
	mode_t before = umask(0177);
	int err =
		bind(l->sock, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;

	umask(before);
	if (!err && (lstat(l->path, &st) < 0 || listen(l->sock, SOMAXCONN) < 0))
		err = -errno;
	if (err)
		return log_error(err, "cannot listen at '%s'", l->path);
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	return 0;
}

static int open_socket(struct listener *l)
{
	struct sockaddr_un address;
	int err = set_address(l->path, &address);

	if (err)
		return err;
	cleanup_fd int lock = lock_directory(l->path);

	if (lock < 0)
		return lock;
	l->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->sock < 0)
		return log_error(-errno, "cannot make a socket");
	err = clear_place(l->path, &address);
	return err ? err : bind_socket(l, &address);
}

/* Only our own: if the file was removed, another service may have created it again. */
static void remove_socket(const struct listener *l)
{
	struct stat st;

	if (l->ino && lstat(l->path, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
}

/* ---- children ---- */

static void reap(struct listener *l)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		for (size_t i = 0; i < l->n_children; i++)
			if (l->children[i].pid == pid)
				l->children[i--] = l->children[--l->n_children];
}

_Noreturn static void serve(struct listener *l, int sock)
{
	sigset_t none;

	fd_close(&l->sock);
	fd_close(&l->signal_fd);
	waiting_end(&l->waiting);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	_exit(connection_serve(sock, false, l->by) < 0);
}

static int64_t now_ms(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void accept_one(struct listener *l)
{
	cleanup_fd int sock = accept4(l->sock, NULL, NULL, SOCK_CLOEXEC);
	struct ucred cred = { 0 };
	socklen_t size = sizeof(cred);

	if (sock < 0)
		return; /* it is gone already, or there is no descriptor: it waits */
	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &size) == 0)
		waiting_add(&l->waiting, fd_take(&sock), cred.uid, now_ms());
}

static void start_child(struct listener *l, size_t i)
{
	uid_t uid = l->waiting.clients[i].uid;
	cleanup_fd int sock = waiting_take(&l->waiting, i).sock;
	pid_t pid = child_fork();

	if (pid == 0)
		serve(l, fd_take(&sock));
	if (pid < 0) {
		log_error(pid, "cannot fork for a connection");
		connection_refuse(sock, pid, "the service cannot fork for it");
		return;
	}
	l->children[l->n_children].pid = pid;
	l->children[l->n_children++].uid = uid;
}

static bool has_place(const struct listener *l, uid_t uid)
{
	size_t own = 0;

	for (size_t i = 0; i < l->n_children; i++)
		own += l->children[i].uid == uid;
	return l->n_children < CHILDREN_MAX && own < USER_MAX;
}

/* Those that have asked, in the order in which they came. */
static void start_children(struct listener *l)
{
	for (size_t i = 0; i < l->waiting.n; i++)
		if (l->waiting.clients[i].has_asked && has_place(l, l->waiting.clients[i].uid))
			start_child(l, i--);
}

static void end_children(struct listener *l)
{
	for (size_t i = 0; i < l->n_children; i++)
		kill(l->children[i].pid, SIGKILL);
	for (size_t i = 0; i < l->n_children; i++)
		child_wait(l->children[i].pid, NULL);
	l->n_children = 0;
}

/* ---- the loop ---- */

/* Return: 1 to go on, 0 at the end. */
static int take_signal(struct listener *l)
{
	struct signalfd_siginfo info;

	if (read(l->signal_fd, &info, sizeof(info)) != sizeof(info))
		return 1;
	if (info.ssi_signo != SIGCHLD)
		return 0;
	reap(l);
	return 1;
}

/* Poll only clients without a request; the others wait for a free process. */
static nfds_t list_waits(const struct listener *l, struct pollfd *wait)
{
	nfds_t n = 0;

	wait[n++] = (struct pollfd){ .fd = l->signal_fd, .events = POLLIN };
	wait[n++] = (struct pollfd){ .fd = l->sock, .events = POLLIN };
	for (size_t i = 0; i < l->waiting.n; i++) {
		const struct client *client = &l->waiting.clients[i];

		wait[n++] = (struct pollfd){ .fd = client->has_asked ? -1 : client->sock,
					     .events = POLLIN };
	}
	return n;
}

static int loop(struct listener *l)
{
	struct pollfd wait[2 + WAITING_MAX];

	for (;;) {
		int limit = waiting_expire(&l->waiting, now_ms());
		nfds_t n = list_waits(l, wait);

		if (poll(wait, n, limit) < 0) {
			if (errno != EINTR)
				return log_error(-errno, "cannot wait for connections");
			continue;
		}
		if (wait[0].revents && !take_signal(l))
			return 0;
		for (size_t i = 0; i < l->waiting.n; i++)
			l->waiting.clients[i].has_asked |= wait[2 + i].revents != 0;
		start_children(l);
		if (wait[1].revents)
			accept_one(l);
	}
}

static int take_signals(struct listener *l, sigset_t *ret_before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, ret_before) < 0)
		return -errno;
	l->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return l->signal_fd < 0 ? -errno : 0;
}

/* @status_fd: moved out of the way if it is one of those that are replaced */
static int go_to_background(int *status_fd)
{
	if (*status_fd >= 0 && *status_fd <= STDERR_FILENO)
		*status_fd = fcntl(*status_fd, F_DUPFD_CLOEXEC, 3);
	pid_t pid = fork();

	if (pid < 0)
		return log_error(-errno, "cannot fork");
	if (pid > 0)
		_exit(0);
	cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	for (int fd = 0; fd <= STDERR_FILENO && null >= 0; fd++)
		dup2(null, fd);
	return 0;
}

static int service_start(const struct service *service, struct listener *l)
{
	int status_fd = service->status_fd;
	int err = service->address ? open_socket(l) : 0;

	if (!err && service->in_background)
		err = go_to_background(&status_fd);
	if (!err && service->on_start)
		err = service->on_start(service->data, getpid());
	if (!err)
		err = activation_ready();
	if (!err && service->status_fd >= 0 && write(status_fd, "", 1) != 1)
		err = log_error(-errno, "cannot write to descriptor %d of --status-fd",
				service->status_fd);
	/* In the foreground the first three are used on. */
	if (!err && status_fd > STDERR_FILENO)
		close(status_fd);
	return err;
}

int service_run(const struct service *service)
{
	struct listener l = {
		.path = service->address,
		.by = service->by,
		.sock = service->sock,
		.signal_fd = -EBADF,
	};
	sigset_t before;
	int err = take_signals(&l, &before);

	if (err)
		return log_error(err, "cannot wait for signals");
	err = service_start(service, &l);
	if (!err)
		err = loop(&l);
	remove_socket(&l);
	fd_close(&l.sock);
	waiting_end(&l.waiting);
	end_children(&l);
	fd_close(&l.signal_fd);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return err;
}
