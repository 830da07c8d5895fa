// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/script.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"

/* One that is to be run, and what its process has to tell before it is another program. */
struct launch {
	const struct scripts *scripts;
	const char *file, *action;
	pid_t pid;
	int failed_fd; /* takes the errno of what failed; closed by a successful exec */
};

void scripts_open(struct scripts *scripts, const char *images_dir)
{
	if (!scripts->files.n)
		return;
	scripts->images_dir = images_dir ? realpath(images_dir, NULL) : NULL;
	sigprocmask(SIG_SETMASK, NULL, &scripts->signals);
}

void scripts_free(struct scripts *scripts)
{
	strings_free(&scripts->files);
	free(scripts->images_dir);
	scripts->images_dir = NULL;
}

static int set_environment(const struct launch *launch)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)launch->pid);
	if (setenv("CRTOOLS_SCRIPT_ACTION", launch->action, 1) < 0 ||
	    unsetenv("CRTOOLS_IMAGE_DIR") < 0 || unsetenv("CRTOOLS_INIT_PID") < 0)
		return -errno;
	if (launch->scripts->images_dir &&
	    setenv("CRTOOLS_IMAGE_DIR", launch->scripts->images_dir, 1) < 0)
		return -errno;
	return launch->pid && setenv("CRTOOLS_INIT_PID", pid, 1) < 0 ? -errno : 0;
}

static int set_descriptors(struct launch *launch)
{
	cleanup_fd int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
	    dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return -errno;
	fd_close(&nothing);
	if (launch->failed_fd != 3)
		launch->failed_fd = dup3(launch->failed_fd, 3, O_CLOEXEC);
	child_close_from(4);
	return 0;
}

_Noreturn static void execute(struct launch *launch)
{
	char *argv[] = { (char *)launch->file, NULL };
	int err = set_environment(launch);

	if (!err)
		err = set_descriptors(launch);
	if (!err) {
		sigprocmask(SIG_SETMASK, &launch->scripts->signals, NULL);
		execv(launch->file, argv);
		err = -errno;
	}
	fd_write_all(launch->failed_fd, &err, sizeof(err));
	_exit(1);
}

static int script_judge(const struct launch *launch, int failed, int status)
{
	if (failed) {
		log_error(failed, "%s: the action script '%s' cannot be executed", launch->action,
			  launch->file);
		return -ECANCELED;
	}
	if (WIFSIGNALED(status))
		log_error(0, "%s: the action script '%s' was ended by signal %d", launch->action,
			  launch->file, WTERMSIG(status));
	else if (WEXITSTATUS(status))
		log_error(0, "%s: the action script '%s' failed with exit status %d",
			  launch->action, launch->file, WEXITSTATUS(status));
	return status ? -ECANCELED : 0;
}

static int run_one(struct launch *launch)
{
	int ends[2], failed = 0, status = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return log_error(-errno, "cannot make a pipe");
	cleanup_fd int mine = ends[0];

	launch->failed_fd = ends[1];
	pid_t pid = child_fork();

	if (pid == 0)
		execute(launch);
	fd_close(&launch->failed_fd);
	if (pid < 0)
		return log_error(pid, "cannot fork");
	if (fd_read_full(mine, &failed, sizeof(failed)) != sizeof(failed))
		failed = 0;
	int err = child_wait_program(pid, &status);

	if (err && err != -ECHILD)
		return log_error(err, "cannot wait for the action script '%s'", launch->file);
	return script_judge(launch, failed, status);
}

int scripts_run(const struct scripts *scripts, const char *action, pid_t pid)
{
	int err = 0;

	for (size_t i = 0; i < scripts->files.n && !err; i++) {
		struct launch launch = { scripts, scripts->files.list[i], action, pid, -EBADF };

		err = run_one(&launch);
	}
	return err;
}
