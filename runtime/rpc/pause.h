/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process that a restore of mounts hands over instead of the container's first one. It lives in
 * the container's namespaces, holds them, and reaps orphans. SIGTERM or SIGKILL ends it, and the
 * container with it.
 *
 * It starts before the mounts are built, because /proc and the like belong to its namespaces.
 * Until it is released it ends with its maker, even if that is not its parent: it watches a socket.
 */
#ifndef REBIND_RUNTIME_RPC_PAUSE_H
#define REBIND_RUNTIME_RPC_PAUSE_H

#include <sched.h>
#include <sys/types.h>

#include "base/ns.h"

/* CLONE_NEW* of what it may have of its own or join; clone(2) gets no other flag from outside. */
#define PAUSE_NAMESPACES \
	(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

struct pause_request {
	uint32_t make;	   /* CLONE_NEW*; of the kinds above */
	int join[NS_USER]; /* by kind: descriptors, borrowed; negative: none */
	bool is_sibling;   /* a child of our parent */
};

struct pause {
	pid_t pid;
	int pidfd, sock;
	bool is_sibling;
};

#define PAUSE_NONE                              \
	(struct pause)                          \
	{                                       \
		.pidfd = -EBADF, .sock = -EBADF \
	}

/**
 * pause_start - make it
 * @ret: pause_end() or pause_release() must follow
 *
 * Return: 0, and it is in its namespaces; or a negative errno.
 */
int pause_start(const struct pause_request *ns_request, struct pause *ret);

/**
 * pause_enter - put it into a mount namespace
 */
int pause_enter(struct pause *holder, int mntns_fd);

/**
 * pause_release - let it answer our client, and release it
 * @sock: the client's; the answer carries the descriptor of the namespace
 *
 * From here on only this process answers the client, and we do not end it any more. So a signal to
 * us cannot come between its answer and its release.
 *
 * Return: 0; or a negative errno, and it is gone: then it has not answered.
 */
int pause_release(struct pause *holder, int sock, const void *answer, size_t size);

/**
 * pause_end - kill it, and wait until it and what it held are gone; nothing if it was released
 *
 * A sibling is its parent's to reap.
 */
void pause_end(struct pause *holder);
#define cleanup_pause cleanup(pause_end)

#endif
