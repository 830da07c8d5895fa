/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clients that have connected, and have no process that serves them yet: they cost a descriptor
 * each, and the silent ones give way to others.
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
 * Where there is no room, in all or for this user, the one goes that has been silent longest; if
 * none is silent, it is this one. It is told.
 */
void waiting_add(struct waiting *waiting, int sock, uid_t uid, int64_t now);

/**
 * waiting_take - a client that gets its process; the socket is the caller's now
 */
struct client waiting_take(struct waiting *waiting, size_t i);

/**
 * waiting_expire - let those go that were silent too long
 *
 * Return: milliseconds until the next one is; -1: there is none.
 */
int waiting_expire(struct waiting *waiting, int64_t now);

void waiting_end(struct waiting *waiting);

#endif
