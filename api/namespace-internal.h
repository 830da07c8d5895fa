/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What namespace.c and pin.c share. */
#ifndef REBIND_API_NAMESPACE_INTERNAL_H
#define REBIND_API_NAMESPACE_INTERNAL_H

#include "api/call.h"
#include "api/namespace.h"
#include "mnt/ipc/message.h"

struct rebind_namespace {
	const struct rebind *rebind; /* its context, or NULL */
	int fd, root_fd;
	uint32_t ns; /* of a set: its number; else 0 */
	struct restore_member *members;
	uint32_t n_members; /* of a set: those beside it */
	struct ns_helper ns_helper;
	pid_t holder;
	int holder_sock; /* ipc_go() lets it go */
	/* Until it is handed over: handover.h. */
	struct journal journal;
	pid_t builder;
	int builder_sock;
	struct action action;
};

/**
 * namespace_begin_call - call_begin() with its context; a hand-over is not cancelled half way
 */
void namespace_begin_call(struct call *call, const struct rebind_namespace *ns);

/**
 * namespace_keep - have the builder hand the namespace over
 * @what, @fd: of ipc_keep()
 *
 * Return: 0, also if it is kept already, or a negative errno.
 */
int namespace_keep(struct rebind_namespace *ns, enum keep what, int fd);

/* What the caller is told, whichever way it is handed over: 0 or a negative errno of its own. */
int namespace_tell_before(struct rebind_namespace *ns, pid_t pid);
int namespace_tell_after(struct rebind_namespace *ns, pid_t pid);

#endif
