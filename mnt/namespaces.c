// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/namespaces.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "mnt/ns-wish.h"
#include "mnt/talk.h"
#include "mnt/unshare.h"

/* ---- in the keeper ---- */

static int write_map(pid_t pid, const char *file, const char *map)
{
	char name[64];

	snprintf(name, sizeof(name), "/proc/%d/%s", (int)pid, file);
	cleanup_fd int fd = open(name, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd_write_all(fd, map, strlen(map));
}

/* Every id is itself: what differs is who owns the mounts and what its root may do. */
static int map_all(pid_t pid)
{
	int err = write_map(pid, "uid_map", "0 0 4294967295\n");

	return err ? err : write_map(pid, "gid_map", "0 0 4294967295\n");
}

/* EPERM in a chroot: out of it, then; what is opened by path has been. */
static int unshare_user(void)
{
	if (unshare(CLONE_NEWUSER) == 0)
		return 0;
	int err = -errno;
	cleanup_fd int ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);

	if (err != -EPERM || ns < 0 || setns(ns, CLONE_NEWNS) < 0)
		return err;
	return unshare(CLONE_NEWUSER) < 0 ? -errno : 0;
}

/* The maps are written by a helper that stays outside. */
static int make_user_namespace(void)
{
	pid_t me = getpid();
	int pair[2];
	int err = fd_pair(pair);

	if (err)
		return err;
	cleanup_fd int mine = pair[0];
	cleanup_fd int its = pair[1];
	pid_t pid = child_fork();

	if (pid == 0) {
		char go;

		_exit(fd_recv(its, &go, 1, NULL) == 1 && map_all(me) == 0 ? 0 : 1);
	}
	if (pid < 0)
		return pid;
	err = unshare_user();
	/* With nothing to read the helper ends in error. */
	if (!err)
		err = fd_send(mine, "g", 1, -1);
	fd_close(&mine);
	fd_close(&its);
	int helped = child_wait(pid, NULL);

	return err ? err : helped;
}

static int become_root(void)
{
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return -errno;
	/* The numbers' own wrappers would tell other threads; there are none. */
	if (syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0)
		return -errno;
	/* A change of ids turns PDEATHSIG off. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return 0;
}

static int enter_wished(const struct ns_wish *wish)
{
	for (size_t i = 0; i < NS_USER; i++)
		if (wish->join[i] >= 0 && setns(wish->join[i], ns_kinds[i].flag) < 0)
			return log_error(-errno, "cannot join the %s namespace", ns_kinds[i].name);
	if (wish->make & CLONE_NEWUSER) {
		int err = make_user_namespace();

		if (err)
			return log_error(err, "cannot make a user namespace");
	} else if (wish->join[NS_USER] >= 0 && setns(wish->join[NS_USER], CLONE_NEWUSER) < 0) {
		return log_error(-errno, "cannot join the user namespace");
	}
	if (unshare(wish->make & ~CLONE_NEWUSER) < 0)
		return log_error(-errno, "cannot make new namespaces");
	return 0;
}

int namespaces_hold(int sock, int mntns_fd, int root_fd)
{
	sigset_t none;

	/* Whoever started it may have blocked the signal by which it is to end. */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (setns(mntns_fd, CLONE_NEWNS) < 0 || fchdir(root_fd) < 0 || chroot(".") < 0 ||
	    (setsid() < 0 && errno != EPERM))
		return -errno;
	/* Until it is let go it dies with whoever asked for it. */
	if (talk_answer(sock, 0, -1) || talk_await(sock, TALK_GO, NULL, NULL))
		_exit(1);
	prctl(PR_SET_PDEATHSIG, 0);
	talk_answer(sock, 0, -1);
	child_close_from(0);
	signal(SIGCHLD, SIG_DFL);
	/* The first process of a pid namespace also buries its dead. */
	for (;;) {
		while (waitpid(-1, NULL, 0) > 0)
			;
		pause();
	}
}

static void reap(int sig)
{
	int saved = errno;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
}

static void serve(int sock)
{
	struct sigaction action = { .sa_handler = reap, .sa_flags = SA_RESTART };
	static char buf[TALK_MAX];
	struct talk_message message;
	const char *texts[4];
	cleanup_fd int root = -EBADF;
	int fd;

	sigaction(SIGCHLD, &action, NULL);
	/* The first process' message must have been read: both speak over one socket. */
	if (talk_await(sock, TALK_GO, NULL, NULL))
		return;
	talk_answer(sock, 0, -1);
	while (talk_recv(sock, buf, &message, texts, &fd) > 0) {
		cleanup_fd int got = fd;

		if (message.type == TALK_HOLD) {
			talk_answer(sock, namespaces_hold(sock, got, root), -1);
			continue;
		}
		if (message.type == TALK_ROOT) {
			fd_close(&root);
			root = fd_take(&got);
			continue;
		}
		cleanup_fd int fs = fsopen(texts[0] ? texts[0] : "", FSOPEN_CLOEXEC);

		talk_answer(sock, fs < 0 ? -errno : 0, fs);
	}
}

/* The second process is in the pid namespace; it is the caller's child as the first one was. */
static void keep(const struct ns_wish *wish, int sock)
{
	log_to(talk_log_sink, &sock, log_max());
	int err = enter_wished(wish);
	long pid = err ? 0 : syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);

	if (err || pid < 0)
		_exit(1);
	if (pid > 0) {
		talk_answer(sock, (int)pid, -1);
		_exit(0);
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	bool user = (wish->make & CLONE_NEWUSER) || wish->join[NS_USER] >= 0;

	if (user)
		err = become_root();
	if (!err && user)
		err = unshare_mounts(wish->above);
	if (err) {
		log_error(err, "cannot become the root of the user namespace");
		/* An unread message would take this one with it: the socket is reset then. */
		talk_await(sock, TALK_GO, NULL, NULL);
	} else {
		serve(sock);
	}
	_exit(1);
}

/* ---- in the caller and the builder ---- */

static int open_ns(const struct keeper *keeper, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)keeper->pid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int start(const struct ns_wish *wish, struct keeper *ret)
{
	int pair[2], number;
	int err = fd_pair(pair);

	if (err)
		return err;
	cleanup_fd int mine = pair[0];
	cleanup_fd int its = pair[1];
	pid_t first = child_fork();

	if (first == 0) {
		close(mine);
		keep(wish, its);
	}
	fd_close(&its);
	if (first < 0)
		return log_error(first, "cannot fork");
	child_wait(first, NULL);
	err = talk_await(mine, TALK_ANSWER, &number, NULL);
	if (err)
		return err;
	*ret = (struct keeper){
		.pid = number,
		.sock = fd_take(&mine),
		.user_fd = -EBADF,
		.has_user = (wish->make & CLONE_NEWUSER) || wish->join[NS_USER] >= 0,
		.has_pid = wish->make & CLONE_NEWPID,
	};
	err = talk_send(ret->sock, (struct talk_message){ .type = TALK_GO }, NULL, -1);
	if (!err)
		err = talk_await(ret->sock, TALK_ANSWER, &number, NULL);
	ret->user_fd = ret->has_user && !err ? open_ns(ret, "user") : -EBADF;
	if (!err && ret->has_user && ret->user_fd < 0)
		err = ret->user_fd;
	if (err)
		keeper_stop(ret);
	return err;
}

int keeper_check(const char *const *join, size_t n_join, const char *new_ns,
		 struct findings *findings)
{
	cleanup_ns_wish struct ns_wish wish = { 0 };

	ns_wish_read(join, n_join, new_ns, &wish, findings);
	return findings->lost ? -ENOMEM : 0;
}

int keeper_start(const char *const *join, size_t n_join, const char *new_ns, uint64_t above,
		 struct keeper *ret, struct findings *findings)
{
	cleanup_ns_wish struct ns_wish wish = { .above = above };
	size_t before = findings->n;

	*ret = KEEPER_NONE;
	ns_wish_read(join, n_join, new_ns, &wish, findings);
	if (findings->n > before)
		return -EINVAL;
	return n_join || wish.make ? start(&wish, ret) : 0;
}

int keeper_fsopen(struct keeper *keeper, const char *fstype)
{
	int answer = 0, fd = -EBADF;

	if (!keeper || !keeper->pid) {
		fd = fsopen(fstype, FSOPEN_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	int err = talk_send(keeper->sock, (struct talk_message){ .type = TALK_OPEN },
			    (const char *const[4]){ fstype }, -1);

	if (!err)
		err = talk_await(keeper->sock, TALK_ANSWER, &answer, &fd);
	if (err)
		return err;
	return answer ? answer : fd;
}

/* The keeper's namespace of a kind, or a negative errno: it is the caller's own as well. To enter
 * that again takes privileges in the user namespace that owns it. */
static int open_other(const struct keeper *keeper, const char *name)
{
	char path[64];
	int fd = open_ns(keeper, name);

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	cleanup_fd int own = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && own >= 0 && fd_same_file(fd, own))
		fd_close(&fd);
	return fd;
}

int keeper_enter(const struct keeper *keeper)
{
	int fds[NS_KINDS], err = 0;

	if (!keeper || !keeper->pid)
		return 0;
	/* All are opened first: another user namespace may not look into /proc. */
	for (size_t i = 0; i < NS_KINDS; i++)
		fds[i] = open_other(keeper, ns_kinds[i].name);
	for (size_t i = 0; i < NS_KINDS && !err; i++)
		if (fds[i] >= 0 && setns(fds[i], ns_kinds[i].flag) < 0)
			err = -errno;
	for (size_t i = 0; i < NS_KINDS; i++)
		fd_close(&fds[i]);
	return err;
}

int keeper_enter_user(const struct keeper *keeper)
{
	if (!keeper || !keeper->has_user)
		return 0;
	if (setns(keeper->user_fd, CLONE_NEWUSER) < 0)
		return -errno;
	return become_root();
}

int keeper_hold(struct keeper *keeper, int mntns_fd, int root_fd)
{
	int answer = 0;
	int err =
		talk_send(keeper->sock, (struct talk_message){ .type = TALK_ROOT }, NULL, root_fd);

	if (!err)
		err = talk_send(keeper->sock, (struct talk_message){ .type = TALK_HOLD }, NULL,
				mntns_fd);
	if (!err)
		err = talk_await(keeper->sock, TALK_ANSWER, &answer, NULL);
	return err ? err : answer;
}

void keeper_stop(struct keeper *keeper)
{
	fd_close(&keeper->sock);
	fd_close(&keeper->user_fd);
	child_kill(&keeper->pid);
}
