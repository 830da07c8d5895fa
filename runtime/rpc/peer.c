// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/peer.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sys.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

int peer_find(int sock, struct peer *ret)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);
	int pidfd;

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	*ret = (struct peer){ .pid = cred.pid, .uid = cred.uid, .pidfd = -ESRCH };
	size = sizeof(pidfd);
	if (getsockopt(sock, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0)
		ret->pidfd = pidfd;
	else if (cred.pid > 0)
		ret->pidfd = sys_pidfd_open(cred.pid);
	return 0;
}

void peer_close(struct peer *peer)
{
	fd_close(&peer->pidfd);
}

bool peer_may_ask(const struct peer *peer)
{
	return peer->uid == 0 || peer->uid == geteuid();
}

/* A pidfd is readable when its process has ended. */
static bool is_alive(const struct peer *peer)
{
	struct pollfd wait = { .fd = peer->pidfd, .events = POLLIN };

	return peer->pidfd >= 0 && poll(&wait, 1, 0) == 0;
}

int peer_open(const struct peer *peer, int number, int flags)
{
	char path[64];

	if (number < 0)
		return -EBADF;
	if (peer->pid <= 0)
		return -ESRCH;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)peer->pid, number);
	cleanup_fd int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int err = fd < 0 ? -errno : 0;

	if (!is_alive(peer))
		return -ESRCH;
	return err == -ENOENT ? -EBADF : err ? err : fd_take(&fd);
}
