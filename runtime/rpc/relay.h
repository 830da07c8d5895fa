/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * With REBIND_CRIU a request goes on to a CRIU, which does the processes; the mounts are done here,
 * at its notifies. The client sees one server: notifies pass through both ways, and so does the
 * answer, unless it is our part that failed.
 */
#ifndef REBIND_RUNTIME_RPC_RELAY_H
#define REBIND_RUNTIME_RPC_RELAY_H

#include "runtime/criu/criu.h"
#include "runtime/rpc/operation.h"

/**
 * relay_is_wanted - does REBIND_CRIU name a CRIU
 */
bool relay_is_wanted(void);

/**
 * relay_request - what is not about mounts
 *
 * All of these: the client is answered, by CRIU or by operation_serve().
 * Return: 0 or a negative errno, said.
 */
int relay_request(struct operation *op);

/**
 * relay_alone - a dump of which CRIU does the mounts, too
 * @pid: what is dumped
 * @choice: why, for the log
 */
int relay_alone(struct operation *op, pid_t pid, const struct criu_choice *choice);

/**
 * relay_dump - processes by CRIU, mounts as @how says, where rebind can do them
 */
int relay_dump(struct operation *op, const struct rebind_dump_options *how);

/**
 * relay_restore - processes by CRIU, in mounts as @how says
 */
int relay_restore(struct operation *op, const struct rebind_restore_options *how);

#endif
