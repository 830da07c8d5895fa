// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/handover.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/commit.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/child.h"
#include "base/forward.h"
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/output-path.h"
#include "cmd/errors.h"
#include "base/text.h"

void handover_init(struct handover *handover)
{
	*handover = (struct handover){ .send_fd = -1, .file.fd = -EBADF };
}

void handover_free(struct handover *handover)
{
	pidfile_close(&handover->file);
}

static int choose_shell(struct handover *handover)
{
	char *shell = getenv("SHELL");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return usage_error(
			"restore",
			"no option says what becomes of the namespace: give --pin "
			"FILE, --pin-dir DIR, --pidfile FILE, --send-fd N or -- COMMAND");
	handover->shell[0] = shell && *shell ? shell : (char *)"/bin/sh";
	handover->command = handover->shell;
	return 0;
}

int handover_choose(struct handover *handover, bool dry_run)
{
	int n = (handover->pin != NULL) + (handover->pin_dir != NULL) +
		(handover->pidfile != NULL) + (handover->send_fd >= 0) +
		(handover->command != NULL);

	if (n > 1)
		return usage_error(
			"restore",
			"--pin, --pin-dir, --pidfile, --send-fd and -- COMMAND each end a "
			"restore: give one of them");
	if (n == 1 || dry_run)
		return 0;
	return choose_shell(handover);
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
	errors_say("cannot create the file '%s' of %s: %s", path, option, log_errno(err));
	return STATUS_FAILED;
}

/* What was pinned there is a set of its own. */
static int refuse_pinned(const char *dir_name)
{
	cleanup_dirp DIR *dir = opendir(dir_name);
	const struct dirent *entry;

	while (dir && fd_next_entry(dir, &entry) > 0) {
		cleanup_free char *path = NULL;

		if (asprintf(&path, "%s/%s", dir_name, entry->d_name) < 0)
			path = NULL;
		if (!path || !path_holds_namespace(path))
			continue;
		errors_say("'%s', in the directory of --pin-dir, holds a namespace already: umount "
			   "it first, or name another directory",
			   path);
		return STATUS_FAILED;
	}
	return 0;
}

/* Which files it will be is known when the image is. */
static int check_pin_dir(const char *dir)
{
	struct stat st;
	int err = stat(dir, &st) < 0		 ? errno
		  : !S_ISDIR(st.st_mode)	 ? ENOTDIR
		  : access(dir, W_OK | X_OK) < 0 ? errno
						 : 0;

	if (!err)
		return refuse_pinned(dir);
	errors_say("cannot make files in '%s', the directory of --pin-dir: %s", dir, strerror(err));
	return STATUS_FAILED;
}

int handover_prepare(struct handover *handover)
{
	int err;

	if (handover->pin && path_holds_namespace(handover->pin)) {
		errors_say("the file '%s' of --pin holds a namespace already: umount it first, or "
			   "name another",
			   handover->pin);
		return STATUS_FAILED;
	}
	if (handover->pin) {
		err = output_path_check(handover->pin);
		return err ? cannot_make("--pin", handover->pin, err) : 0;
	}
	if (handover->pin_dir)
		return check_pin_dir(handover->pin_dir);
	if (handover->pidfile) {
		err = pidfile_open(&handover->file, handover->pidfile);
		if (handover->file.holder) {
			errors_say("the file '%s' of --pidfile names process %d, which holds a "
				   "namespace: end it first, or name another file",
				   handover->pidfile, (int)handover->file.holder);
			return STATUS_FAILED;
		}
		return err ? cannot_make("--pidfile", handover->pidfile, err) : 0;
	}
	return handover->send_fd >= 0 ? check_socket((int)handover->send_fd) : 0;
}

static int hold(struct handover *handover, struct rebind_namespace *ns, pid_t *ret_holder)
{
	int err = rebind_namespace_hold(ns, ret_holder);

	if (err < 0)
		pidfile_take_back(&handover->file);
	return err;
}

int handover_held(struct handover *handover, pid_t pid)
{
	int err = handover->pidfile ? pidfile_write(&handover->file, pid) : 0;

	if (err) {
		cannot_make("--pidfile", handover->pidfile, err);
		handover->said = true;
	}
	return err;
}

/* Who sends a signal to rebind means the command, which is what it has become to its caller. */
static int handover_do_run(char **command, struct rebind_namespace *ns, int *ret_status)
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
		errors_say("cannot wait for the command: %s", strerror(-err));
		child_kill(&pid);
		return err;
	}
	*ret_status = child_status(status);
	return 0;
}

void handover_begin(const struct handover *handover)
{
	if (!handover->command)
		commit_begin();
}

int handover_run(struct handover *handover, struct rebind_namespace *ns, pid_t *ret_holder,
		 int *ret_status)
{
	if (handover->pin)
		return rebind_namespace_pin(ns, handover->pin);
	if (handover->pin_dir)
		return rebind_namespace_pin_dir(ns, handover->pin_dir);
	if (handover->pidfile)
		return hold(handover, ns, ret_holder);
	if (handover->send_fd >= 0)
		return rebind_namespace_send(ns, (int)handover->send_fd);
	return handover_do_run(handover->command, ns, ret_status);
}
