// SPDX-License-Identifier: LGPL-2.1-or-later
/* What can be done with a namespace that was built: rebind.h's rebind_namespace. */
#include "mnt/namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/forward.h"
#include "base/log.h"
#include "base/sys.h"
#include "mnt/talk.h"

#define STATUS_FAILED	 125
#define STATUS_NO_EXEC	 126
#define STATUS_NOT_FOUND 127

struct rebind_namespace {
	int fd, root_fd;
	struct keeper keeper;
	pid_t holder;
	int holder_sock; /* a byte lets it go */
	/* Until it is handed over: restore.h. */
	struct journal journal;
	pid_t builder;
	int builder_sock;
	struct action action;
};

/*
 * From here on the builder takes nothing back if we die: to remove a mountpoint would take the
 * mount on it out of a namespace that somebody may have by then. Until the journal is freed we
 * still do, if we fail.
 */
static void dismiss_builder(struct rebind_namespace *ns)
{
	if (ns->builder_sock >= 0)
		fd_send(ns->builder_sock, "k", 1, -1);
	fd_close(&ns->builder_sock);
	if (ns->builder > 0)
		child_wait(ns->builder, NULL);
	ns->builder = 0;
}

/* The namespace is somebody's: the mountpoints that were made for it stay. */
static void keep(struct rebind_namespace *ns)
{
	dismiss_builder(ns);
	journal_free(&ns->journal);
}

/* Whatever is not kept goes: the namespace first, for what is mounted on cannot be removed. */
static void give_up(struct rebind_namespace *ns)
{
	fd_close(&ns->fd);
	fd_close(&ns->root_fd);
	keeper_stop(&ns->keeper);
	child_kill(&ns->builder);
	fd_close(&ns->builder_sock);
	journal_undo(&ns->journal);
}

int namespace_new(struct restore_result *result, struct rebind_namespace **ret)
{
	struct rebind_namespace *ns = malloc(sizeof(*ns));
	struct rebind_namespace given = {
		.fd = result->ns_fd,
		.root_fd = result->root_fd,
		.keeper = result->keeper,
		.holder_sock = -EBADF,
		.journal = result->journal,
		.builder = result->builder,
		.builder_sock = result->builder_sock,
		.action = result->action,
	};

	if (!ns) {
		give_up(&given);
		return -ENOMEM;
	}
	*ns = given;
	*ret = ns;
	return 0;
}

/* ---- what the caller is told, whichever way it is handed over ---- */

static int tell_before(struct rebind_namespace *ns, pid_t pid)
{
	int err = action_run(&ns->action, "post-restore", pid);

	return err ? err : action_run(&ns->action, "pre-resume", pid);
}

static int tell_after(struct rebind_namespace *ns, pid_t pid)
{
	return action_run(&ns->action, "post-resume", pid);
}

int rebind_namespace_fd(struct rebind_namespace *ns)
{
	keep(ns);
	return ns->fd;
}

int rebind_namespace_peek(struct rebind_namespace *ns)
{
	/* A pid namespace does not end before all who were in it are reaped. */
	keeper_stop(&ns->keeper);
	return ns->fd;
}

/* A command on its way: what its process has to tell before it is another program. */
struct launch {
	const struct rebind_namespace *ns;
	char *const *argv;
	int failed_fd; /* takes the errno of what failed; closed by a successful exec */
};

_Noreturn static void fail(const struct launch *launch, int err)
{
	fd_write_all(launch->failed_fd, &err, sizeof(err));
	_exit(STATUS_FAILED);
}

_Noreturn static void execute(struct launch *launch)
{
	if (setns(launch->ns->fd, CLONE_NEWNS) < 0 || chdir("/") < 0)
		fail(launch, -errno);
	/* It is the user's, and outlives us like any child of a shell: so do mountpoints made for
	 * it. */
	prctl(PR_SET_PDEATHSIG, 0);
	if (launch->ns->builder_sock >= 0)
		fd_send(launch->ns->builder_sock, "k", 1, -1);
	if (launch->failed_fd != 3)
		launch->failed_fd = dup3(launch->failed_fd, 3, O_CLOEXEC);
	child_close_from(4);
	execvp(launch->argv[0], launch->argv);
	fail(launch, -errno);
}

/* A pid namespace is that of one's children: the command is a grandchild then. */
_Noreturn static void execute_in(struct launch *launch)
{
	struct forward forward = { 0 };
	int status = 0;

	if (!launch->ns->keeper.pid)
		execute(launch);
	int err = keeper_enter(&launch->ns->keeper);

	if (err)
		fail(launch, err);
	/* Who sends us a signal means the command. */
	forward_start(&forward);
	pid_t pid = forward_fork(fork);

	if (pid == 0)
		execute(launch);
	if (pid < 0)
		fail(launch, -errno);
	fd_close(&launch->failed_fd);
	forward_wait(pid, &status);
	_exit(child_status(status));
}

static int refuse_command(const char *name, int err, int *ret_status)
{
	log_error(err, "cannot execute '%s'", name);
	*ret_status = err == -ENOENT ? STATUS_NOT_FOUND : STATUS_NO_EXEC;
	return 0;
}

/* In a pid namespace that it has joined the command is a child's child, which does not die with it.
 */
static void kill_command(pid_t pid)
{
	char name[64];
	cleanup_free char *children = NULL;
	size_t size;

	snprintf(name, sizeof(name), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	cleanup_fd int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fd_slurp(fd, &children, &size) == 0)
		for (char *p = children, *end; *p; p = end + strspn(end, " \n")) {
			long child = strtol(p, &end, 10);

			if (end == p)
				break;
			if (child > 0)
				kill((pid_t)child, SIGKILL);
		}
	child_kill(&pid);
}

/* The command runs: it is kept, unless the caller does not want it. */
static int accept_command(struct rebind_namespace *ns, pid_t pid)
{
	int err = tell_after(ns, ns->keeper.pid ? ns->keeper.pid : pid);

	if (err)
		kill_command(pid);
	else
		keep(ns);
	return err;
}

int rebind_namespace_start(struct rebind_namespace *ns, char *const argv[], pid_t *ret_pid,
			   int *ret_status)
{
	int ends[2], failed = 0;
	int err = tell_before(ns, ns->keeper.pid);

	if (err)
		return err;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return log_error(-errno, "cannot make a pipe");
	cleanup_fd int mine = ends[0];
	struct launch launch = { .ns = ns, .argv = argv, .failed_fd = ends[1] };
	pid_t pid = forward_fork(child_fork);

	if (pid == 0)
		execute_in(&launch);
	fd_close(&launch.failed_fd);
	if (pid < 0)
		return log_error(pid, "cannot fork");
	if (fd_read_full(mine, &failed, sizeof(failed)) == sizeof(failed)) {
		child_wait(pid, NULL);
		return refuse_command(argv[0], failed, ret_status);
	}
	err = accept_command(ns, pid);
	if (err)
		return err;
	*ret_pid = pid;
	return 1;
}

int rebind_namespace_run(struct rebind_namespace *ns, char *const argv[], int *ret_status)
{
	int status = 0;
	pid_t pid;
	int started = rebind_namespace_start(ns, argv, &pid, ret_status);

	if (started <= 0)
		return started;
	int err = child_wait(pid, &status);

	if (err && err != -ECHILD)
		return log_error(err, "cannot wait for '%s'", argv[0]);
	*ret_status = child_status(status);
	return 0;
}

static int start_holder(struct rebind_namespace *ns)
{
	int pair[2], answer = 0;
	int err = fd_pair(pair);

	if (err)
		return err;
	cleanup_fd int mine = pair[0];
	cleanup_fd int its = pair[1];
	cleanup_child pid_t pid = child_fork();

	if (pid == 0) {
		close(mine);
		talk_answer(its, namespaces_hold(its, ns->fd, ns->root_fd), -1);
		_exit(1);
	}
	if (pid < 0)
		return pid;
	fd_close(&its);
	err = talk_await(mine, TALK_ANSWER, &answer, NULL);
	if (err || answer)
		return err ? err : answer;
	ns->holder = pid;
	ns->holder_sock = fd_take(&mine);
	pid = 0;
	return 0;
}

static int get_holder(struct rebind_namespace *ns)
{
	if (!ns->keeper.pid)
		return start_holder(ns);
	int err = keeper_hold(&ns->keeper, ns->fd, ns->root_fd);

	if (err)
		return err;
	ns->holder = ns->keeper.pid;
	ns->holder_sock = ns->keeper.sock;
	fd_close(&ns->keeper.user_fd);
	ns->keeper = KEEPER_NONE;
	return 0;
}

int rebind_namespace_hold(struct rebind_namespace *ns, pid_t *ret_pid)
{
	int err = get_holder(ns);

	if (err)
		return log_error(err, "cannot start a process that holds the namespace");
	err = tell_before(ns, ns->holder);
	if (!err) {
		dismiss_builder(ns);
		err = tell_after(ns, ns->holder);
	}
	if (err) {
		fd_close(&ns->holder_sock);
		child_kill(&ns->holder);
		return err;
	}
	*ret_pid = ns->holder;
	return 0;
}

/*
 * Why the kernel refused; both reasons are EINVAL. A mount on a shared one is copied to its peers
 * and slaves, and the file of a mount namespace is not copied, lest one keep itself alive.
 */
static int refuse_pin(const struct rebind_namespace *ns, const char *file, int err)
{
	cleanup_fd int own_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	uint64_t id = 0, own = 0;

	if (err != -EINVAL)
		return log_error(err, "cannot bind the namespace to '%s'", file);
	if (own_fd >= 0 && !sys_mntns_id(own_fd, &own) && !sys_mntns_id(ns->fd, &id) && id <= own)
		return log_error(
			err,
			"cannot bind the namespace to '%s': it is older than the caller's, "
			"and the kernel allows only younger ones",
			file);
	return log_error(
		err,
		"cannot bind the namespace to '%s': that is on a shared mount with peers or "
		"slaves, to which the kernel would copy it; take a FILE on a private mount",
		file);
}

static int bind_pin(struct rebind_namespace *ns, const char *file)
{
	char source[32];

	if (mount(fd_proc_path(ns->fd, source), file, NULL, MS_BIND, NULL) < 0)
		return refuse_pin(ns, file, -errno);
	int err = tell_after(ns, ns->keeper.pid);

	if (err)
		umount2(file, MNT_DETACH);
	return err;
}

int rebind_namespace_pin(struct rebind_namespace *ns, const char *file)
{
	int err = tell_before(ns, ns->keeper.pid);

	if (err)
		return err;
	cleanup_fd int made = open(file, O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0444);

	if (made < 0 && errno != EEXIST)
		return log_error(-errno, "cannot create '%s'", file);
	dismiss_builder(ns);
	err = bind_pin(ns, file);
	if (!err)
		keep(ns);
	else if (made >= 0)
		unlink(file);
	return err;
}

int rebind_namespace_send(struct rebind_namespace *ns, int sock)
{
	int err = tell_before(ns, ns->keeper.pid);

	if (err)
		return err;
	dismiss_builder(ns);
	err = fd_send(sock, "mnt", 3, ns->fd);
	if (err)
		return log_error(err, "cannot send the namespace over descriptor %d", sock);
	keep(ns);
	return tell_after(ns, ns->keeper.pid);
}

/* Let the holder live on alone; it answers when it no longer dies with us. A killed one does not.
 */
static void release_holder(struct rebind_namespace *ns)
{
	if (talk_send(ns->holder_sock, (struct talk_message){ .type = TALK_GO }, NULL, -1) == 0 &&
	    talk_await(ns->holder_sock, TALK_ANSWER, NULL, NULL) == 0)
		keep(ns);
	fd_close(&ns->holder_sock);
}

void rebind_namespace_free(struct rebind_namespace *ns)
{
	if (!ns)
		return;
	if (ns->holder_sock >= 0)
		release_holder(ns);
	give_up(ns);
	free(ns);
}
