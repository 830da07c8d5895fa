/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The caller's function for the moments of a dump or a restore: rebind_action_fn in rebind.h. */
#ifndef REBIND_MNT_IPC_ACTION_H
#define REBIND_MNT_IPC_ACTION_H

#include <sys/resource.h>

#include "base/caps.h"
#include "include/rebind.h"

/* Zeroed, there is none. */
struct action {
	rebind_action_fn fn;
	void *data;
	/* What the caller has and we have changed; NULL: it is as it was. */
	const struct caps_state *caps;
	const struct rlimit *limit; /* of open files; more, if there would be none to open */
};

/**
 * action_run - tell the caller, which may refuse
 * @pid: of a process that matters, or 0
 *
 * Return: 0 or a negative errno; the caller has reported the reason.
 */
int action_run(const struct action *action, const char *name, pid_t pid);

#endif
