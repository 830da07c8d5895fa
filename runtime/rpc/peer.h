/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process at the other end of a connection, and the descriptors that it names by number. */
#ifndef REBIND_RUNTIME_RPC_PEER_H
#define REBIND_RUNTIME_RPC_PEER_H

#include <sys/types.h>

#include "base/util.h"

struct peer {
	pid_t pid; /* 0: it has no number in our pid namespace */
	uid_t uid;
	int pidfd; /* or a negative errno */
};

#define PEER_NONE               \
	(struct peer)           \
	{                       \
		.pidfd = -EBADF \
	}

/**
 * peer_find - ask the kernel who connected, or made the pair
 *
 * Return: 0 or a negative errno; peer_close() frees what is in @ret.
 */
int peer_find(int sock, struct peer *ret);
void peer_close(struct peer *peer);
#define cleanup_peer cleanup(peer_close)

/**
 * peer_may_ask - may it use our privileges: is it of the same user, or root
 */
bool peer_may_ask(const struct peer *peer);

/**
 * peer_open - open what a descriptor of the peer's refers to
 * @number: the descriptor's number there
 * @flags: of open(2)
 *
 * It is looked up in /proc by pid; that the pid was still the peer's is checked afterwards.
 *
 * Return: a descriptor that the caller owns, or a negative errno: -EBADF for a number that is not
 * open there, -ESRCH when the peer is gone or cannot be seen.
 */
int peer_open(const struct peer *peer, int number, int flags);

#endif
