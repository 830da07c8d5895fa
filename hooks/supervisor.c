// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hooks/supervisor.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "hooks/descendants.h"
#include "hooks/wire.h"

#define REAP_ROUNDS 50	  /* of REAP_PAUSE each, at the most */
#define REAP_PAUSE  20	  /* ms */
#define BLIND_CLOSE 65536 /* descriptors to try where /proc does not list them */

/* What the supervisor knows. */
struct supervisor {
	int sock, signals, proc;
	pid_t worker;
	bool worker_ended;
	int status; /* the worker's, as of waitpid(2) */
	int killed, left;
	int root;	      /* came with WIRE_ROOT */
	struct log_state log; /* the caller's */
};

/* Privileges and descriptors */

void supervisor_raise_caps(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(data); i++)
		data[i].effective = data[i].permitted;
	syscall(SYS_capset, &header, data);
}

static bool is_in(int fd, const int *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fd == list[i])
			return true;
	return false;
}

/* Return: whether a descriptor is one that execve(2) would leave. */
static bool survives_exec(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	return flags >= 0 && !(flags & FD_CLOEXEC);
}

/* @child: its descriptors stay open, too; NULL: only the supervisor's. */
static void close_one(const struct supervisor *supervisor, const struct supervisor_child *child,
		      int fd)
{
	const int own[] = { supervisor->sock, supervisor->signals, supervisor->proc };

	if (fd <= STDERR_FILENO || is_in(fd, own, ARRAY_SIZE(own)))
		return;
	if (child && (survives_exec(fd) || is_in(fd, child->keep, child->n_keep)))
		return;
	close(fd);
}

static void close_others(const struct supervisor *supervisor, const struct supervisor_child *child)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int more = dir ? 0 : -errno;

	while (dir && (more = fd_next_entry(dir, &entry)) > 0)
		if (atoi(entry->d_name) != dirfd(dir))
			close_one(supervisor, child, atoi(entry->d_name));
	if (dir)
		closedir(dir);
	for (int fd = 0; more < 0 && fd < BLIND_CLOSE; fd++)
		close_one(supervisor, child, fd);
}

/* Leaving */

static int enter_root(int root_fd)
{
	if (fchdir(root_fd) < 0 || chroot(".") < 0)
		return -errno;
	return 0;
}

/*
 * chroot(2) reached every thread that shares our filesystem struct: is there one that does not?
 * Return: 1, 0, or a negative errno.
 */
static int thread_stays_behind(int proc_fd, int root_fd)
{
	cleanup_dirp DIR *tasks = fd_open_dir(proc_fd, "self/task");
	const struct dirent *task;
	struct stat root, its;
	int more;

	if (!tasks)
		return 0;
	if (fstat(root_fd, &root) < 0)
		return -errno;
	while ((more = fd_next_entry(tasks, &task)) > 0) {
		char name[300];

		snprintf(name, sizeof(name), "%s/root", task->d_name);
		if (fstatat(dirfd(tasks), name, &its, 0) == 0 &&
		    (its.st_dev != root.st_dev || its.st_ino != root.st_ino))
			return 1;
	}
	return more;
}

int supervisor_leave(int proc_fd, int ns_fd, int root_fd)
{
	int err = enter_root(root_fd);

	if (err)
		return log_error(err, "the plugin process cannot go to its first root");
	int stays = thread_stays_behind(proc_fd, root_fd);

	if (stays < 0)
		return log_error(stays, "the plugin process' threads cannot be listed");
	if (stays)
		return log_error(-EBUSY,
				 "a plugin's thread has its own root directory and cannot be"
				 " sent away");
	/* setns(2): EINVAL for a thread that shares its filesystem struct. */
	if (unshare(CLONE_FS) < 0)
		return log_error(-errno, "the plugin process cannot unshare its root");
	if (setns(ns_fd, CLONE_NEWNS) < 0) {
		/* Rootless: the caller's namespace is not ours to enter. Its root is, and was. */
		if (errno != EPERM)
			return log_error(-errno, "the plugin process cannot enter its first"
						 " mount namespace");
		log_debug("the plugin process stays in the mount namespace, at its first root");
		return 0;
	}
	err = enter_root(root_fd);
	if (err)
		return log_error(err, "the plugin process cannot go back to its first root");
	return 0;
}

/* Ending what is below */

/* Return: how many were reaped; -1 once there is no child at all. */
static int reap(struct supervisor *supervisor)
{
	int reaped = 0, status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		reaped++;
		if (pid == supervisor->worker) {
			supervisor->worker_ended = true;
			supervisor->status = status;
		}
	}
	return pid < 0 && errno == ECHILD ? -1 : reaped;
}

/* The children of a killed process become ours: again, until there is none. */
static void end_all(struct supervisor *supervisor)
{
	if (!supervisor->worker_ended)
		kill(supervisor->worker, SIGKILL);
	for (int i = 0; i < REAP_ROUNDS && !supervisor->worker_ended; i++) {
		reap(supervisor);
		if (!supervisor->worker_ended)
			poll(NULL, 0, REAP_PAUSE);
	}
	for (int i = 0; i < REAP_ROUNDS; i++) {
		if (reap(supervisor) < 0)
			return;
		int killed = descendants_kill_children(supervisor->proc);

		if (i == 0)
			supervisor->killed = killed;
		if (reap(supervisor) < 0)
			return;
		poll(NULL, 0, i < 5 ? 1 : REAP_PAUSE);
	}
	supervisor->left = 1;
}

/* Obeying */

/*
 * The plugin process has left. What it forked has not, and cannot be sent: its root would be the
 * new one once that is pivoted to, and then libraries of the container's would be its own.
 */
static int end_stayers(struct supervisor *supervisor, int *ret_killed)
{
	struct stat ns;

	if (fstatat(supervisor->proc, "self/ns/mnt", &ns, 0) < 0)
		return -errno;
	int killed = descendants_kill_in_namespace(supervisor->proc, supervisor->worker, &ns);

	*ret_killed = killed < 0 ? 0 : killed;
	return killed < 0 ? killed : 0;
}

static void answer_leave(struct supervisor *supervisor, int ns_fd, struct wire *reply)
{
	WIRE_INIT(reply, WIRE_REPLY);
	reply->value = end_stayers(supervisor, &reply->id);
	if (!reply->value)
		reply->value = supervisor_leave(supervisor->proc, ns_fd, supervisor->root);
	fd_close(&supervisor->root);
	wire_send(supervisor->sock, reply, -1);
}

/* Return: false when all is to end. */
static bool obey(struct supervisor *supervisor)
{
	cleanup_fd int fd = -EBADF;
	struct wire message;

	if (wire_recv(supervisor->sock, &message, &fd) <= 0)
		return false;
	if (message.kind == WIRE_ROOT) {
		fd_close(&supervisor->root);
		supervisor->root = fd_take(&fd);
	}
	if (message.kind == WIRE_LEAVE)
		answer_leave(supervisor, fd, &message);
	return true;
}

static bool heed_signals(struct supervisor *supervisor)
{
	struct signalfd_siginfo info;

	if (read(supervisor->signals, &info, sizeof(info)) != sizeof(info))
		return true;
	reap(supervisor);
	return info.ssi_signo == SIGCHLD && !supervisor->worker_ended;
}

static void watch(struct supervisor *supervisor)
{
	struct pollfd fds[] = {
		{ .fd = supervisor->sock, .events = POLLIN },
		{ .fd = supervisor->signals, .events = POLLIN },
	};
	bool go_on = true;

	while (go_on) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0)
			continue;
		if (fds[1].revents)
			go_on = heed_signals(supervisor);
		if (go_on && fds[0].revents)
			go_on = obey(supervisor);
	}
}

static void report(const struct supervisor *supervisor)
{
	struct wire message;

	WIRE_INIT(&message, WIRE_ENDED);
	message.value = supervisor->status;
	message.id = supervisor->killed;
	message.index = supervisor->left;
	wire_send(supervisor->sock, &message, -1);
}

/* Its handlers are the caller's code; a SIGCHLD that the caller ignores would hide the status. */
static void default_signals(void)
{
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static pid_t fork_child(struct supervisor *supervisor, const struct supervisor_child *child)
{
	pid_t supervisor_pid = getpid(), pid = fork();
	sigset_t none;

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != supervisor_pid)
		_exit(1);
	prctl(PR_SET_NAME, "rebind-plugins");
	log_restore(supervisor->log);
	fd_close(&supervisor->sock);
	fd_close(&supervisor->signals);
	fd_close(&supervisor->proc);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	child->run(child->data);
	_exit(1);
}

static void say_nothing(void *data, enum log_level level, const char *line)
{
}

void supervisor_main(int sock, const struct supervisor_child *child)
{
	struct supervisor supervisor = { .sock = sock, .root = -EBADF, .log = log_save() };

	default_signals();
	/* The caller's log is the caller's: its descriptors are about to be closed here. */
	log_to(say_nothing, NULL, LOG_MSG);
	prctl(PR_SET_NAME, "rebind-supervisor");
	/* SIGTERM and not SIGKILL: there may be something to clean up. No race with a parent that
	 * is dead already: the end of @sock says so. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	supervisor_raise_caps();
	supervisor.signals = open_signals();
	supervisor.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Before the fork: when the child answers, no process here has the caller's any more. */
	close_others(&supervisor, child);
	supervisor.worker = fork_child(&supervisor, child);
	close_others(&supervisor, NULL);
	if (supervisor.worker > 0 && supervisor.signals >= 0)
		watch(&supervisor);
	if (supervisor.worker > 0)
		end_all(&supervisor);
	report(&supervisor);
	_exit(0);
}
