// SPDX-License-Identifier: LGPL-2.1-or-later
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "inside/inside.h"
#include "mnt/ns/unshare.h"

static void reap(int sig)
{
	int saved = errno;

	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
}

void inside_reap(void)
{
	struct sigaction action = { .sa_handler = reap, .sa_flags = SA_RESTART };

	sigaction(SIGCHLD, &action, NULL);
}

int inside_empty_root(void)
{
	cleanup_fd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	int root = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);

	return root < 0 ? -errno : root;
}

int inside_leave_root(void)
{
	cleanup_fd int root = inside_empty_root();

	if (root < 0)
		return root;
	return fchdir(root) < 0 || chroot(".") < 0 ? -errno : 0;
}

static int serve_answer(struct inside *in, struct ipc_message *message, const char *text, int *fd,
			int *root)
{
	if (message->type != IPC_OPEN)
		return inside_told(in, message, fd, root);
	cleanup_fd int fs = fsopen(text ? text : "", FSOPEN_CLOEXEC);

	return ipc_answer(in->sock, fs < 0 ? -errno : 0, fs);
}

int inside_serve(struct inside *in, uint64_t above)
{
	static char buf[IPC_MAX];
	struct ipc_message message;
	const char *texts[4];
	cleanup_fd int root = -EBADF;
	int fd = -EBADF;
	int err = in->has_user ? unshare_mounts(above, in->proc_fd) : 0;

	fd_close(&in->proc_fd);
	if (err)
		return log_error(err, "cannot make a mount namespace of the user namespace's");
	err = inside_leave_root();
	if (!err)
		err = inside_drop(true);
	if (err)
		return log_error(err, "cannot give up what the host has");
	inside_reap();
	/* The first process' message must have been read: both speak over one socket. */
	err = ipc_await(in->sock, IPC_GO, NULL, NULL);
	if (!err)
		err = ipc_answer(in->sock, 0, -1);
	while (!err && ipc_recv(in->sock, buf, &message, texts, &fd) > 0) {
		cleanup_fd int got = fd;

		err = serve_answer(in, &message, texts[0], &got, &root);
	}
	return err ? err : -EIO;
}
