/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process that a restore of mounts hands over, in place of the container's first one: it lives
 * in the container's namespaces, holds them, reaps what is orphaned in there, and ends when it is
 * told to (SIGTERM, SIGKILL), and the container with it.
 *
 * It is there before its mounts are: /proc and the like belong to namespaces that it brings along.
 * Until it is let go it ends when its maker does, whoever its parent is: it watches a socket.
 */
#ifndef REBIND_RUNTIME_RPC_PAUSE_H
#define REBIND_RUNTIME_RPC_PAUSE_H

#include <sched.h>
#include <sys/types.h>

#include "base/util.h"

/* The namespaces that a holder may have of its own, or join. */
enum holder_kind {
	HOLDER_PID,
	HOLDER_NET,
	HOLDER_IPC,
	HOLDER_UTS,
	HOLDER_CGROUP,
	HOLDER_KINDS,
};

/* CLONE_NEW* of these kinds: nothing else that an image or a client names is passed to clone(). */
#define HOLDER_NAMESPACES \
	(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

struct holder_wish {
	uint32_t make;		/* CLONE_NEW*; of the kinds above */
	int join[HOLDER_KINDS]; /* descriptors, borrowed; negative: none */
	bool is_sibling;	/* the child of whoever is our parent */
};

struct holder {
	pid_t pid;
	int pidfd, sock;
	bool is_sibling;
};

#define HOLDER_NONE                             \
	(struct holder)                         \
	{                                       \
		.pidfd = -EBADF, .sock = -EBADF \
	}

/**
 * holder_kind - "pid", "net", ...
 * @ret_flag: its CLONE_NEW*; may be NULL
 *
 * Return: a kind, or -EINVAL.
 */
int holder_kind(const char *name, uint32_t *ret_flag);

/**
 * holder_name - the reverse, for /proc/PID/ns; @ret_flag as above
 */
const char *holder_name(enum holder_kind kind, uint32_t *ret_flag);

/**
 * holder_start - make it
 * @ret: holder_end() or holder_release() must follow
 *
 * Return: 0, and it is in its namespaces; or a negative errno.
 */
int holder_start(const struct holder_wish *wish, struct holder *ret);

/**
 * holder_enter - put it into a mount namespace
 */
int holder_enter(struct holder *holder, int mntns_fd);

/**
 * holder_release - let it answer our client, and live on alone
 * @sock: the client's; the namespace's descriptor rides on the answer
 *
 * From here on nobody else answers, and nobody ends it: between its answer and its living on is
 * nothing that a signal to us could tear apart.
 *
 * Return: 0; or a negative errno, and it is gone: then it has not answered.
 */
int holder_release(struct holder *holder, int sock, const void *answer, size_t size);

/**
 * holder_end - kill it, and wait until it and what it held are gone; nothing if it was released
 *
 * A sibling is its parent's to reap.
 */
void holder_end(struct holder *holder);
#define cleanup_holder cleanup(holder_end)

#endif
