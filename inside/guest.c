// SPDX-License-Identifier: LGPL-2.1-or-later
/* The process that an RPC restore of mounts hands over: runtime/rpc/pause.h. */
#include <sched.h>
#include <signal.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "inside/inside.h"
#include "mnt/ns/inside.h"

static int guest_enter(int mntns_fd)
{
	if (setns(mntns_fd, CLONE_NEWNS) < 0 || chdir("/") < 0)
		return -errno;
	return inside_drop(false);
}

#define TAKEN_MS 10000 /* what a client that lives gets to read it */
#define LOOK_MS	 5

/*
 * Has the client read its answer? One that died before has left it in its socket: the kernel tells
 * of a reset then, and of an end where there was nothing left. Return: 0, or a negative errno:
 * no process knows of us.
 */
static int await_taken(int client)
{
	struct pollfd wait = { .fd = client, .events = POLLRDHUP };
	int unread = 0, err = 0;
	socklen_t size = sizeof(err);

	for (int waited = 0; waited < TAKEN_MS; waited += LOOK_MS) {
		if (ioctl(client, SIOCOUTQ, &unread) < 0 || !unread)
			break;
		if (poll(&wait, 1, LOOK_MS) > 0) {
			usleep(1000); /* the end is seen a moment before the reset is */
			break;
		}
	}
	if (getsockopt(client, SOL_SOCKET, SO_ERROR, &err, &size) < 0)
		return -errno;
	return err == ECONNRESET ? -EPIPE : 0;
}

/* A client that gets the answer has a process that lives; without an answer there is none. */
static int go(struct inside *in, int client, int mntns_fd)
{
	static char answer[INSIDE_ANSWER_MAX];
	ssize_t n = fd_recv(in->sock, answer, sizeof(answer), NULL);

	if (n <= 0)
		return n ? (int)n : -EIO;
	/* Its parent may be the client, which need not live on. */
	if (prctl(PR_SET_PDEATHSIG, 0) < 0)
		return -errno;
	int err = fd_send(client, answer, (size_t)n, mntns_fd);

	if (!err)
		err = await_taken(client);
	if (err)
		return err;
	/* The answer stands, whether or not its maker hears of it. */
	(void)ipc_answer(in->sock, 0, -1);
	child_close_from(0);
	inside_stay();
}

int inside_guest(struct inside *in)
{
	static char buf[IPC_MAX];
	struct ipc_message message;
	const char *texts[4];
	cleanup_fd int mntns = -EBADF;
	sigset_t all;
	int fd = -EBADF;
	int err = inside_leave_root();

	/* They are waited for, when it stays. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (!err)
		err = inside_drop(true);
	if (!err)
		err = ipc_answer(in->sock, 0, -1);
	while (!err && ipc_recv(in->sock, buf, &message, texts, &fd) > 0) {
		cleanup_fd int got = fd;

		if (message.type == IPC_GO)
			return go(in, got, mntns);
		err = message.type == IPC_HOLD ? guest_enter(got) : -EPROTO;
		fd_close(&mntns);
		mntns = fd_take(&got);
		if (!err)
			err = ipc_answer(in->sock, 0, -1);
	}
	return err ? err : -EIO;
}
