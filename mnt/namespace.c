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
#include "base/log.h"

#define STATUS_FAILED 125
#define STATUS_NO_EXEC 126
#define STATUS_NOT_FOUND 127

struct rebind_namespace {
	int fd;
	struct keeper keeper;
	pid_t holder;
	int holder_sock; /* a byte lets it go */
};

int namespace_new(struct restore_result *result, struct rebind_namespace **ret)
{
	struct rebind_namespace *ns = malloc(sizeof(*ns));

	if (!ns) {
		fd_close(&result->ns_fd);
		keeper_stop(&result->keeper);
		return -ENOMEM;
	}
	*ns = (struct rebind_namespace){
		.fd = result->ns_fd,
		.keeper = result->keeper,
		.holder_sock = -EBADF,
	};
	*ret = ns;
	return 0;
}

int rebind_namespace_fd(const struct rebind_namespace *ns)
{
	return ns->fd;
}

static void execute(int ns_fd, char *const argv[])
{
	if (setns(ns_fd, CLONE_NEWNS) < 0 || chdir("/") < 0) {
		log_error(-errno, "cannot enter the new namespace");
		_exit(STATUS_FAILED);
	}
	/* It is the user's, and outlives us like any child of a shell. */
	prctl(PR_SET_PDEATHSIG, 0);
	child_close_from(3);
	execvp(argv[0], argv);
	int err = errno;

	log_error(-err, "cannot execute '%s'", argv[0]);
	_exit(err == ENOENT ? STATUS_NOT_FOUND : STATUS_NO_EXEC);
}

static int status_of(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/* A pid namespace is that of one's children: the command is a grandchild then. */
static void execute_in(const struct rebind_namespace *ns, char *const argv[])
{
	int status = 0;

	if (!ns->keeper.pid)
		execute(ns->fd, argv);
	int err = keeper_enter(&ns->keeper);

	if (err) {
		log_error(err, "cannot enter the other namespaces");
		_exit(STATUS_FAILED);
	}
	pid_t pid = fork();

	if (pid == 0)
		execute(ns->fd, argv);
	if (pid < 0)
		_exit(STATUS_FAILED);
	child_wait(pid, &status);
	_exit(status_of(status));
}

int rebind_namespace_run(struct rebind_namespace *ns, char *const argv[], int *ret_status)
{
	int status = 0;
	pid_t pid = child_fork();

	if (pid == 0)
		execute_in(ns, argv);
	if (pid < 0)
		return log_error(pid, "cannot fork");
	int err = child_wait(pid, &status);

	if (err && err != -ECHILD)
		return log_error(err, "cannot wait for '%s'", argv[0]);
	*ret_status = status_of(status);
	return 0;
}

static int start_holder(struct rebind_namespace *ns)
{
	int pair[2], answer = -EIO;
	int err = fd_pair(pair);

	if (err)
		return err;
	cleanup_fd int mine = pair[0];
	cleanup_fd int its = pair[1];
	cleanup_child pid_t pid = child_fork();

	if (pid == 0) {
		close(mine);
		answer = namespaces_hold(its, ns->fd);
		fd_send(its, &answer, sizeof(answer), -1);
		_exit(1);
	}
	if (pid < 0)
		return pid;
	if (fd_recv(mine, &answer, sizeof(answer), NULL) != sizeof(answer) || answer)
		return answer ? answer : -EIO;
	ns->holder = pid;
	ns->holder_sock = fd_take(&mine);
	pid = 0;
	return 0;
}

int rebind_namespace_hold(struct rebind_namespace *ns, pid_t *ret_pid)
{
	int err;

	if (ns->keeper.pid) {
		err = keeper_hold(&ns->keeper, ns->fd);
		*ret_pid = ns->keeper.pid;
		if (!err) {
			ns->holder_sock = ns->keeper.sock;
			ns->keeper = KEEPER_NONE;
		}
	} else {
		err = start_holder(ns);
		*ret_pid = ns->holder;
	}
	return err ? log_error(err, "cannot start a process that holds the namespace") : 0;
}

/* Why the kernel refused; both reasons are EINVAL. */
static int refuse_pin(const char *file, int err)
{
	if (err == -EINVAL)
		return log_error(err, "cannot bind the namespace to '%s': the file is on a shared mount that the "
				      "namespace has too, or in a newer namespace", file);
	return log_error(err, "cannot bind the namespace to '%s'", file);
}

int rebind_namespace_pin(struct rebind_namespace *ns, const char *file)
{
	cleanup_fd int made = open(file, O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0444);
	char source[32];

	if (made < 0 && errno != EEXIST)
		return log_error(-errno, "cannot create '%s'", file);
	if (mount(fd_proc_path(ns->fd, source), file, NULL, MS_BIND, NULL) == 0)
		return 0;
	int err = -errno;

	if (made >= 0)
		unlink(file);
	return refuse_pin(file, err);
}

int rebind_namespace_send(struct rebind_namespace *ns, int sock)
{
	int err = fd_send(sock, "mnt", 3, ns->fd);

	return err ? log_error(err, "cannot send the namespace over descriptor %d", sock) : 0;
}

void rebind_namespace_free(struct rebind_namespace *ns)
{
	if (!ns)
		return;
	/* It closes its end when it no longer dies with us; only then may we. */
	if (ns->holder_sock >= 0 && fd_send(ns->holder_sock, "g", 1, -1) == 0)
		fd_recv(ns->holder_sock, &(char){ 0 }, 1, NULL);
	fd_close(&ns->holder_sock);
	fd_close(&ns->fd);
	keeper_stop(&ns->keeper);
	free(ns);
}
