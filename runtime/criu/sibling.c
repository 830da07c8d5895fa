// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who calls CRIU with --restore-sibling waits for the process that is restored: it has to be the
 * caller's child. CRIU makes it a child of its own parent, so CRIU has to be in the place of the
 * process that the caller started. That one waits until there is something to execute; rebind goes
 * on in a child of a child, which is not CRIU's when that is there, and does not disturb its
 * waiting.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/criu/criu.h"

/* One for the process, as there is one command line: set where CRIU is to be another process. */
static struct {
	int sock;
	pid_t pid;
} aside = { .sock = -EBADF };

int criu_become(char *const *argv)
{
	execv(argv[0], argv);
	return log_error(-errno, "cannot start '%s'", argv[0]);
}

static int read_words(int fd, struct strings *ret)
{
	cleanup_free char *text = NULL;
	size_t size;
	int err = lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd_slurp(fd, &text, &size);

	for (size_t at = 0; !err && at < size; at += strlen(text + at) + 1)
		err = strings_print(ret, "%s", text + at);
	return err;
}

/* Without a message rebind has failed, and said why. */
_Noreturn static void wait_to_become(int sock)
{
	cleanup(strings_free) struct strings words = { 0 };
	cleanup_fd int fd = -EBADF;
	char byte;

	if (fd_recv(sock, &byte, 1, &fd) != 1 || read_words(fd, &words) || !words.n)
		exit(EXIT_FAILURE);
	criu_become((char *const *)words.list);
	exit(EXIT_FAILURE);
}

int criu_sibling_begin(void)
{
	int ends[2];
	pid_t self = getpid();
	int err = fd_pair(ends);

	if (err)
		return log_error(err, "cannot make a socket");
	cleanup_fd int theirs = ends[0];
	cleanup_fd int ours = ends[1];
	pid_t pid = fork();

	if (pid < 0)
		return log_error(-errno, "cannot fork");
	if (pid > 0) {
		fd_close(&ours);
		child_wait(pid, NULL);
		wait_to_become(theirs);
	}
	pid = fork();
	if (pid)
		_exit(pid < 0);
	aside.sock = fd_take(&ours);
	aside.pid = self;
	return 0;
}

static int write_words(int fd, char *const *argv)
{
	int err = 0;

	for (; *argv && !err; argv++)
		err = fd_write_all(fd, *argv, strlen(*argv) + 1);
	return err;
}

pid_t criu_sibling_start(char *const *argv)
{
	cleanup_fd int fd = memfd_create("words", MFD_CLOEXEC);
	int err = fd < 0 ? -errno : write_words(fd, argv);

	if (!err)
		err = fd_send(aside.sock, "", 1, fd);
	fd_close(&aside.sock);
	return err ? log_error(err, "cannot start '%s'", argv[0]) : aside.pid;
}

bool criu_sibling_is_wanted(void)
{
	return aside.sock >= 0;
}
