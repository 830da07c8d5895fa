// SPDX-License-Identifier: LGPL-2.1-or-later
/* What can be done with a namespace that was built: rebind.h's rebind_namespace. */
#include "api/namespace-internal.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/forward.h"
#include "base/log.h"
#include "base/sys.h"
#include "mnt/handover.h"
#include "mnt/ns/inside.h"
#include "mnt/ipc/message.h"

#define STATUS_LOST	 (-1)
#define STATUS_FAILED	 125
#define STATUS_NO_EXEC	 126
#define STATUS_NOT_FOUND 127

/* The namespace is handed over: the mountpoints that were made for it stay. */
static void forget_builder(struct rebind_namespace *ns)
{
	fd_close(&ns->builder_sock);
	if (ns->builder > 0)
		child_wait(ns->builder, NULL);
	ns->builder = 0;
	journal_free(&ns->journal);
}

int namespace_keep(struct rebind_namespace *ns, enum keep what, int fd)
{
	if (ns->builder_sock < 0)
		return 0;
	int err = ipc_keep(what == KEEP_HOLDER ? ns->holder : 0, ns->builder_sock, what, fd);

	if (!err)
		forget_builder(ns);
	return err;
}

/* Whatever is not kept goes: the namespace first, for what is mounted on cannot be removed. */
static void give_up(struct rebind_namespace *ns)
{
	fd_close(&ns->fd);
	fd_close(&ns->root_fd);
	restore_members_free(&ns->members, &ns->n_members);
	ns_helper_stop(&ns->ns_helper);
	child_kill(&ns->builder);
	fd_close(&ns->builder_sock);
	journal_undo(&ns->journal);
}

int namespace_new(const struct rebind *rebind, struct restore_result *result,
		  struct rebind_namespace **ret)
{
	struct rebind_namespace *ns = malloc(sizeof(*ns));
	struct rebind_namespace given = {
		.rebind = rebind,
		.fd = result->ns_fd,
		.root_fd = result->root_fd,
		.ns = result->ns,
		.members = result->members,
		.n_members = result->n_members,
		.ns_helper = result->ns_helper,
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

int rebind_namespace_root(const struct rebind_namespace *ns)
{
	return ns->root_fd;
}

unsigned int rebind_namespace_count(const struct rebind_namespace *ns)
{
	return ns->n_members + 1;
}

int rebind_namespace_member(const struct rebind_namespace *ns, unsigned int index, uint32_t *ret_id)
{
	if (index > ns->n_members)
		return -ENOENT;
	if (ret_id)
		*ret_id = index ? ns->members[index - 1].ns : ns->ns;
	return index ? ns->members[index - 1].fd : ns->fd;
}

/* ---- what the caller is told, whichever way it is handed over ---- */

int namespace_tell_before(struct rebind_namespace *ns, pid_t pid)
{
	int err = action_run(&ns->action, "post-restore", pid);

	return err ? err : action_run(&ns->action, "pre-resume", pid);
}

int namespace_tell_after(struct rebind_namespace *ns, pid_t pid)
{
	return action_run(&ns->action, "post-resume", pid);
}

void namespace_begin_call(struct call *call, const struct rebind_namespace *ns)
{
	call_begin(call, ns->rebind, NULL);
	cancel_swap(CANCEL_NONE);
}

int rebind_namespace_keep_fd(struct rebind_namespace *ns)
{
	cleanup_call struct call call;

	namespace_begin_call(&call, ns);
	int err = namespace_keep(ns, KEEP_NAMESPACE, -1);

	return err ? log_error(err, "the builder cannot be told that the namespace is kept")
		   : ns->fd;
}

int rebind_namespace_fd(const struct rebind_namespace *ns)
{
	return ns->fd;
}

void rebind_namespace_end_helper(struct rebind_namespace *ns)
{
	cleanup_call struct call call;

	namespace_begin_call(&call, ns);
	/* A pid namespace does not end before all who were in it are reaped. */
	ns_helper_stop(&ns->ns_helper);
}

/* A command on its way: what its process has to tell before it is another program. */
struct launch {
	const struct rebind_namespace *ns;
	char *const *argv;
	char **env;
	int failed_fd; /* takes the errno of what failed; closed by a successful exec */
};

/*
 * The caller's, where "/" is the working directory. Not by setenv(3) in the child: a thread that it
 * does not have may hold the lock of the environment.
 *
 * Return: strings of others in an array of its own, or NULL.
 */
static char **command_environment(void)
{
	static char directory[] = "PWD=/";
	size_t n = 0, kept = 0;

	while (environ && environ[n])
		n++;
	char **env = calloc(n + 2, sizeof(*env));

	for (size_t i = 0; env && i < n; i++)
		if (strncmp(environ[i], "PWD=", 4) != 0 && strncmp(environ[i], "OLDPWD=", 7) != 0)
			env[kept++] = environ[i];
	if (env)
		env[kept] = directory;
	return env;
}

_Noreturn static void fail(const struct launch *launch, int err)
{
	fd_write_all(launch->failed_fd, &err, sizeof(err));
	_exit(STATUS_FAILED);
}

_Noreturn static void execute(struct launch *launch)
{
	cleanup_fd int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int marked = child_before_exec(proc);

	if (setns(launch->ns->fd, CLONE_NEWNS) < 0 || chdir("/") < 0)
		fail(launch, -errno);
	/* It is the user's, and outlives us like any child of a shell: so do mountpoints made for
	 * it, once it runs. */
	prctl(PR_SET_PDEATHSIG, 0);
	int err = launch->ns->builder_sock < 0 ? 0
					       : ipc_keep_by_exec(launch->ns->builder_sock, marked);

	if (err)
		fail(launch, err);
	fd_limit_in_child();
	if (launch->failed_fd != 3)
		launch->failed_fd = dup3(launch->failed_fd, 3, O_CLOEXEC);
	child_close_from(4);
	execvpe(launch->argv[0], launch->argv, launch->env);
	fail(launch, -errno);
}

/* The end of the pipe that a successful exec closes is the command's alone. */
static pid_t fork_command(struct launch *launch, int *ret_end)
{
	int ends[2];

	child_lock();
	if (pipe2(ends, O_CLOEXEC) < 0) {
		child_unlock();
		return -errno;
	}
	launch->failed_fd = ends[1];
	pid_t pid = forward_fork(child_fork_locked);

	if (pid == 0)
		execute(launch);
	close(ends[1]);
	child_unlock();
	*ret_end = ends[0];
	return pid;
}

/* Return: 0 and it runs, or a negative errno; @ret_failed is what a command could not be for. */
static int launch_here(const struct rebind_namespace *ns, char *const argv[], pid_t *ret_pid,
		       int *ret_failed)
{
	cleanup_free char **env = command_environment();
	struct launch launch = { .ns = ns, .argv = argv, .env = env };
	cleanup_fd int mine = -EBADF;
	int failed = 0;

	if (!env)
		return -ENOMEM;
	pid_t pid = fork_command(&launch, &mine);

	if (pid < 0)
		return log_error(pid, "cannot fork");
	if (fd_read_full(mine, &failed, sizeof(failed)) == sizeof(failed)) {
		child_wait(pid, NULL);
		*ret_failed = failed;
		return 0;
	}
	*ret_pid = pid;
	return 0;
}

/* Where there are other namespaces, by the program that others may look at. */
static int launch_inside(struct rebind_namespace *ns, char *const argv[], pid_t *ret_pid,
			 int *ret_failed)
{
	cleanup_fd int words = inside_words(argv, environ);
	cleanup_fd int sock = -EBADF;
	cleanup_child pid_t pid = 0;
	int err = words < 0 ? words
			    : ns_helper_launch(&ns->ns_helper, INSIDE_COMMAND, words, &pid, &sock);

	if (!err && ns->builder_sock >= 0)
		err = ipc_send(sock, (struct ipc_message){ .type = IPC_KEEP }, NULL,
			       ns->builder_sock);
	if (!err)
		err = ipc_send(sock, (struct ipc_message){ .type = IPC_HOLD }, NULL, ns->fd);
	if (err)
		return log_error(ipc_lost(err), "cannot start a process in the namespaces");
	/* It says only what is wrong; its socket ends when it is the command. */
	err = ipc_await_child(pid, sock, IPC_ANSWER, ret_failed, NULL);
	if (err && err != -EIO)
		return err;
	if (!*ret_failed) {
		*ret_pid = pid;
		pid = 0;
	}
	return 0;
}

static int refuse_command(const char *name, int err, int *ret_status)
{
	log_error(err, "cannot execute '%s'", name);
	*ret_status = err == -ENOENT ? STATUS_NOT_FOUND : STATUS_NO_EXEC;
	return 0;
}

/* The command runs, and the builder has seen it; unless the caller does not want it. */
static int accept_command(struct rebind_namespace *ns, pid_t pid)
{
	int err = namespace_tell_after(ns, ns->ns_helper.pid ? ns->ns_helper.pid : pid);

	if (err)
		child_kill(&pid);
	else
		forget_builder(ns);
	return err;
}

int rebind_namespace_start(struct rebind_namespace *ns, char *const argv[], pid_t *ret_pid,
			   int *ret_status)
{
	cleanup_call struct call call;
	pid_t pid = 0;
	int failed = 0;

	namespace_begin_call(&call, ns);
	int err = namespace_tell_before(ns, ns->ns_helper.pid);

	if (!err)
		err = ns->ns_helper.pid ? launch_inside(ns, argv, &pid, &failed)
					: launch_here(ns, argv, &pid, &failed);
	if (err)
		return err;
	if (failed == -EOWNERDEAD)
		return log_error(failed, "the builder ended before the command ran");
	if (failed == -ECANCELED)
		return log_error(failed, "the namespace could not be handed over to the command");
	if (failed)
		return refuse_command(argv[0], failed, ret_status);
	err = accept_command(ns, pid);
	if (err)
		return err;
	*ret_pid = pid;
	return 1;
}

/* Return: its status as a shell has it, -1: lost, or -ECANCELED: it was killed. */
static int await_command(pid_t pid)
{
	cleanup_fd int pidfd = sys_pidfd_open((int)pid);
	int status;

	/* Without one nothing cancels. */
	if (pidfd >= 0 && cancel_await(pidfd)) {
		child_kill(&pid);
		return -ECANCELED;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return STATUS_LOST;
	return child_status(status);
}

int rebind_namespace_run(struct rebind_namespace *ns, char *const argv[], int *ret_status)
{
	cleanup_call struct call call;
	pid_t pid;

	call_begin(&call, ns->rebind, NULL);
	int started = rebind_namespace_start(ns, argv, &pid, ret_status);

	if (started <= 0)
		return started;
	int status = await_command(pid);

	if (status == -ECANCELED)
		return status;
	*ret_status = status;
	return 0;
}

/* Of a set the others by children of the holder: first, for then it does nothing any more. */
static int hold_all(const struct rebind_namespace *ns, pid_t pid, int sock)
{
	int err = 0;

	for (uint32_t i = 0; i < ns->n_members && !err; i++)
		err = ns_helper_hold_beside(pid, sock, ns->members[i].fd, ns->members[i].root_fd);
	return err ? err : ns_helper_hold(pid, sock, ns->fd, ns->root_fd);
}

/* The helper, where it is alone with what it holds; or a process that others there do not see. */
static int get_holder(struct rebind_namespace *ns)
{
	if (!ns->ns_helper.pid || ns->ns_helper.joins_pid) {
		int err = ns_helper_launch(&ns->ns_helper, INSIDE_HOLD, -1, &ns->holder,
					   &ns->holder_sock);

		return err ? err : hold_all(ns, ns->holder, ns->holder_sock);
	}
	int err = hold_all(ns, ns->ns_helper.pid, ns->ns_helper.sock);

	if (err)
		return err;
	ns->holder = ns->ns_helper.pid;
	ns->holder_sock = ns->ns_helper.sock;
	ns_helper_forget(&ns->ns_helper);
	return 0;
}

/* It answers when it no longer dies with us; a killed one does not. */
static int release_holder(struct rebind_namespace *ns)
{
	int err = ns->builder_sock >= 0 ? namespace_keep(ns, KEEP_HOLDER, ns->holder_sock)
					: ipc_go(ns->holder, ns->holder_sock);

	return err ? log_error(ipc_lost(err), "cannot release the process that holds the namespace")
		   : 0;
}

int rebind_namespace_hold(struct rebind_namespace *ns, pid_t *ret_pid)
{
	cleanup_call struct call call;

	namespace_begin_call(&call, ns);
	int err = get_holder(ns);

	if (err)
		log_error(ipc_lost(err), "cannot start a process that holds the namespace");
	if (!err)
		err = namespace_tell_before(ns, ns->holder);
	if (!err)
		err = namespace_tell_after(ns, ns->holder);
	if (!err)
		err = release_holder(ns);
	fd_close(&ns->holder_sock);
	if (err)
		child_kill(&ns->holder);
	else
		*ret_pid = ns->holder;
	return err;
}

/* As the builder does it, in handover.c. */
static int send_all(const struct rebind_namespace *ns, int sock)
{
	int err = 0;

	for (unsigned int i = 0; i < rebind_namespace_count(ns) && !err; i++) {
		uint32_t id;
		int fd = rebind_namespace_member(ns, i, &id);
		char word[16];
		int n = snprintf(word, sizeof(word), id ? "mnt:%u" : "mnt", id);

		err = fd_send(sock, word, (size_t)n, fd);
	}
	return err;
}

int rebind_namespace_send(struct rebind_namespace *ns, int sock)
{
	cleanup_call struct call call;

	namespace_begin_call(&call, ns);
	int err = namespace_tell_before(ns, ns->ns_helper.pid);

	if (err)
		return err;
	err = ns->builder_sock < 0 ? send_all(ns, sock) : namespace_keep(ns, KEEP_SEND, sock);
	if (err)
		return log_error(err, "cannot send the namespace over descriptor %d", sock);
	return namespace_tell_after(ns, ns->ns_helper.pid);
}

void rebind_namespace_free(struct rebind_namespace *ns)
{
	if (!ns)
		return;
	cleanup_call struct call call;

	namespace_begin_call(&call, ns);
	give_up(ns);
	free(ns);
}
