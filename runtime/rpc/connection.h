/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client's connection: requests are served in order, and each is answered once. */
#ifndef REBIND_RUNTIME_RPC_CONNECTION_H
#define REBIND_RUNTIME_RPC_CONNECTION_H

#include "runtime/criu/choice.h"
#include "runtime/rpc/peer.h"

struct connection {
	int sock; /* owned */
	/*
	 * A worker of the client's own, which inherited its descriptors: those of inherit_fd have
	 * the same numbers here, and a process may be made that is the client's child.
	 */
	bool is_worker;
	enum criu_by by; /* who does the mounts of containers */
	struct peer peer;
};

/**
 * connection_serve - until the client is done, or gone
 * @sock: a connected SOCK_SEQPACKET socket; closed
 * @is_worker, @by: see struct connection
 *
 * Return: 0 if every request was served; else a negative errno (the failure has been answered, or
 * it was no client of this protocol).
 */
int connection_serve(int sock, bool is_worker, enum criu_by by);

/**
 * connection_refuse - answer that the client is not served; the socket stays open
 * @err: a negative errno, @why: a sentence
 */
void connection_refuse(int sock, int err, const char *why);

/**
 * connection_notify - tell the client which step a request has reached, and wait for its consent
 * @script: "pre-restore", ...
 * @pid: the process that it is about, or 0
 *
 * Return: 0; -ECANCELED the client said no; -EPIPE it is gone; -EBADMSG, -EPROTO it answered with
 * something else.
 */
int connection_notify(const struct connection *connection, const char *script, pid_t pid);

#endif
