/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * With REBIND_CRIU a request is relayed to a CRIU, which does the processes; the mounts are done
 * here, at its notifications. The client sees one server: notifications pass through in both
 * directions, and so does the answer, unless our part has failed.
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
 * relay_request - a request that is not about mounts
 *
 * For all of these functions: CRIU or operation_serve() answers the client.
 * Return: 0 or a negative errno, said.
 */
int relay_request(struct operation *op);

/**
 * relay_alone - a dump in which CRIU does the mounts, too
 * @pid: the process that is dumped
 * @choice: the reasons, for the log
 */
int relay_alone(struct operation *op, pid_t pid, const struct criu_choice *choice);

/**
 * relay_dump - processes by CRIU, mounts as @how says, if rebind can do them
 */
int relay_dump(struct operation *op, const struct rebind_dump_options *how);

/**
 * relay_restore - processes by CRIU, in mounts as @how says
 */
int relay_restore(struct operation *op, const struct rebind_restore_options *how);

#endif
