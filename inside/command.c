// SPDX-License-Identifier: LGPL-2.1-or-later
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "inside/inside.h"
#include "mnt/ns/inside.h"

/* Lists of words out of one block of memory, which stays. Return: the end of what was used. */
static char *split(char *at, const char *end, size_t n, char ***ret)
{
	char **list = calloc(n + 1, sizeof(*list));

	for (size_t i = 0; list && i < n; i++) {
		list[i] = at;
		at += at < end ? strlen(at) + 1 : 0;
	}
	*ret = list;
	return at;
}

static int read_words(int fd, char ***ret_argv)
{
	char *words = NULL, *at;
	size_t size = 0;
	int err = lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd_slurp(fd, &words, &size);

	if (err)
		return err;
	size_t argc = strtoul(words, &at, 10), envc = strtoul(at, &at, 10);

	at = split(at + 1, words + size, argc, ret_argv);
	split(at, words + size, envc, &environ);
	return *ret_argv && environ ? 0 : -ENOMEM;
}

/* From the caller, which has read the answer of the first process before. */
static int receive(struct inside *in, int *ret_builder, int *ret_mntns)
{
	static char buf[IPC_MAX];
	struct ipc_message message;
	const char *texts[4];
	int got, fd = -EBADF;

	while ((got = ipc_recv(in->sock, buf, &message, texts, &fd)) > 0) {
		if (message.type == IPC_KEEP)
			*ret_builder = fd;
		else if (message.type == IPC_HOLD)
			*ret_mntns = fd;
		else
			return -EPROTO;
		if (message.type == IPC_HOLD)
			return 0;
	}
	return got ? got : -EIO;
}

int inside_command(struct inside *in, int words_fd)
{
	cleanup_fd int builder = -EBADF, mntns = -EBADF;
	char **argv = NULL;
	int err = read_words(words_fd, &argv);

	if (!err)
		err = receive(in, &builder, &mntns);
	if (err)
		return err;
	cleanup_fd int marked = child_before_exec(in->proc_fd);

	if (setns(mntns, CLONE_NEWNS) < 0 || chdir("/") < 0)
		return -errno;
	/* It is the user's, and outlives us like any child of a shell: so do mountpoints made for
	 * it, once it runs. */
	prctl(PR_SET_PDEATHSIG, 0);
	err = builder < 0 ? 0 : ipc_keep_by_exec(builder, marked);
	if (err)
		return err;
	execvp(argv[0], argv);
	return -errno;
}
