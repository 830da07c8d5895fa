// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/handover.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/path.h"
#include "base/child.h"
#include "base/forward.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/output-path.h"
#include "cmd/errors.h"
#include "base/text.h"

void ending_init(struct ending *ending)
{
	*ending = (struct ending){ .send_fd = -1, .file.fd = -EBADF };
}

void ending_free(struct ending *ending)
{
	pidfile_close(&ending->file);
}

static int choose_shell(struct ending *ending)
{
	char *shell = getenv("SHELL");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return usage_error("restore",
				   "what becomes of the namespace is missing: give --pin "
				   "FILE, --pidfile FILE, --send-fd N or -- COMMAND");
	ending->shell[0] = shell && *shell ? shell : (char *)"/bin/sh";
	ending->command = ending->shell;
	return 0;
}

int ending_choose(struct ending *ending, bool dry_run)
{
	int n = (ending->pin != NULL) + (ending->pidfile != NULL) + (ending->send_fd >= 0) +
		(ending->command != NULL);

	if (n > 1)
		return usage_error("restore",
				   "--pin, --pidfile, --send-fd and -- COMMAND each end a "
				   "restore: give one of them");
	if (n == 1 || dry_run)
		return 0;
	return choose_shell(ending);
}

static int check_socket(int fd)
{
	int domain;
	socklen_t size = sizeof(domain);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX)
		return 0;
	if (errno == EBADF)
		return usage_error("restore", "descriptor %d of --send-fd is not open", fd);
	return usage_error("restore", "descriptor %d of --send-fd is not an AF_UNIX socket", fd);
}

static int cannot_make(const char *option, const char *path, int err)
{
	refusal_say("cannot create the file '%s' of %s: %s", path, option, strerror(-err));
	return STATUS_FAILED;
}

int ending_prepare(struct ending *ending)
{
	int err;

	if (ending->pin && path_holds_namespace(ending->pin)) {
		refusal_say("the file '%s' of --pin holds a namespace already: umount it first, or "
			    "name another",
			    ending->pin);
		return STATUS_FAILED;
	}
	if (ending->pin) {
		err = place_check(ending->pin);
		return err ? cannot_make("--pin", ending->pin, err) : 0;
	}
	if (ending->pidfile) {
		err = pidfile_open(&ending->file, ending->pidfile);
		if (ending->file.holder) {
			refusal_say("the file '%s' of --pidfile names process %d, which holds a "
				    "namespace: end it first, or name another file",
				    ending->pidfile, (int)ending->file.holder);
			return STATUS_FAILED;
		}
		return err ? cannot_make("--pidfile", ending->pidfile, err) : 0;
	}
	return ending->send_fd >= 0 ? check_socket((int)ending->send_fd) : 0;
}

static int hold(struct ending *ending, struct rebind_namespace *ns, pid_t *ret_holder)
{
	int err = rebind_namespace_hold(ns, ret_holder);

	if (err < 0)
		pidfile_take_back(&ending->file);
	return err;
}

int ending_held(struct ending *ending, pid_t pid)
{
	int err = ending->pidfile ? pidfile_write(&ending->file, pid) : 0;

	if (err) {
		cannot_make("--pidfile", ending->pidfile, err);
		ending->said = true;
	}
	return err;
}

/* Who sends a signal to rebind means the command, which is what it has become to its caller. */
static int run(char **command, struct rebind_namespace *ns, int *ret_status)
{
	cleanup_forward struct forward forward = { 0 };
	int status = 0;
	pid_t pid;

	forward_start(&forward);
	int started = rebind_namespace_start(ns, command, &pid, ret_status);

	if (started <= 0)
		return started;
	int err = forward_wait(pid, &status);

	if (err && err != -ECHILD) {
		refusal_say("cannot wait for the command: %s", strerror(-err));
		return err;
	}
	*ret_status = child_status(status);
	return 0;
}

void ending_begin(const struct ending *ending)
{
	sigset_t set;

	if (ending->command)
		return;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int ending_run(struct ending *ending, struct rebind_namespace *ns, pid_t *ret_holder,
	       int *ret_status)
{
	if (ending->pin)
		return rebind_namespace_pin(ns, ending->pin);
	if (ending->pidfile)
		return hold(ending, ns, ret_holder);
	if (ending->send_fd >= 0)
		return rebind_namespace_send(ns, (int)ending->send_fd);
	return run(ending->command, ns, ret_status);
}
