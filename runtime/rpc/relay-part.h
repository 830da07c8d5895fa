/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of relay.h share. */
#ifndef REBIND_RUNTIME_RPC_RELAY_PART_H
#define REBIND_RUNTIME_RPC_RELAY_PART_H

#include "runtime/rpc/relay.h"

/* A request at CRIU's. */
struct relay {
	struct operation *op;
	int sock;
	pid_t criu; /* 0: it is not ours to reap */
	/* Our part at a notify; NULL: there is none. */
	int (*on_notify)(struct relay *relay, const char *script, pid_t pid);
	const struct rebind_dump_options *dump;
	struct criu_mounts mounts;
	struct criu_dumped dumped;
	const struct criu_choice *choice; /* to be said when CRIU has emptied the log, or NULL */
	bool said;			  /* it was */
	bool done;			  /* our part */
	bool refused;			  /* by the client */
	int err;			  /* of our part */
};

#define FORWARD_INIT(op_, on_notify_)                                           \
	{                                                                       \
		.op = (op_), .on_notify = (on_notify_), .sock = -EBADF,         \
		.mounts = { CRIU_MOUNTS_INIT }, .dumped = { CRIU_DUMPED_INIT }, \
	}

/**
 * relay_dismiss - CRIU gives up what it has not finished
 */
void relay_dismiss(struct relay *relay);
void relay_end(struct relay *relay);
#define cleanup_relay cleanup(relay_end)

/**
 * relay_options - those of the request, with descriptors that CRIU finds in this process
 * @images_fd: the image directory as CRIU shall see it, or negative
 */
Rpc__Options relay_options(const struct operation *op, int images_fd);

/**
 * relay_ask - send the request to a CRIU, pass its messages on, and answer the client
 * @options: instead of those of the request
 *
 * Return: 0 or a negative errno, said.
 */
int relay_ask(struct relay *relay, Rpc__Options *options);

#endif
