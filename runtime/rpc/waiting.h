/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clients that have connected and are not yet served by a process. Each costs a descriptor; if
 * there are too many, silent ones are disconnected.
 */
#ifndef REBIND_RUNTIME_RPC_WAITING_H
#define REBIND_RUNTIME_RPC_WAITING_H

#include <sys/types.h>

#include "base/util.h"

#define WAITING_MAX	 256
#define WAITING_USER_MAX 192   /* of one user, so that another's have a place */
#define WAITING_MS	 10000 /* what a client gets to say what it wants */

struct client {
	int sock; /* owned */
	uid_t uid;
	int64_t since; /* milliseconds of the monotonic clock */
	bool has_asked;
};

struct waiting {
	struct client clients[WAITING_MAX]; /* in the order in which they came */
	size_t n;
};

/**
 * waiting_add - another client; takes @sock
 *
 * If there is no room, at all or for this user, the client that has been silent longest gets an
 * error and is disconnected; if none is silent, it is this one.
 */
void waiting_add(struct waiting *waiting, int sock, uid_t uid, int64_t now);

/**
 * waiting_take - a client to be served by a process; the caller gets its socket
 */
struct client waiting_take(struct waiting *waiting, size_t i);

/**
 * waiting_expire - disconnect those that were silent too long
 *
 * Return: milliseconds until the next one is; -1: there is none.
 */
int waiting_expire(struct waiting *waiting, int64_t now);

void waiting_end(struct waiting *waiting);

#endif
