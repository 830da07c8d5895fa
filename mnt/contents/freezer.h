/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cgroup of a process, frozen while its namespace is dumped: --freeze. */
#ifndef REBIND_MNT_CONTENTS_FREEZER_H
#define REBIND_MNT_CONTENTS_FREEZER_H

#include <sys/types.h>

#include "base/guard.h"
#include "model/findings.h"
#include "model/tree.h"

struct freezer {
	int dir_fd; /* the cgroup, or negative: none was found */
	bool is_v1;
	bool is_ours; /* it is frozen, and was not before */
	pid_t pid;
	char *cgroup; /* as /proc/PID/cgroup has it */
	struct guard guard;
};

#define FREEZER_NONE                                  \
	(struct freezer)                              \
	{                                             \
		.dir_fd = -EBADF, .guard = GUARD_NONE \
	}

/**
 * freezer_find - find the cgroup of a process, by cgroup v2, else by the freezer of v1
 * @callers: the caller's own mounts, where the cgroup filesystem is looked for
 *
 * Refused, with a finding: a root cgroup, one that the caller is in too, one outside of the
 * caller's cgroup namespace, and what is not mounted. Return: 0 or a negative errno.
 */
int freezer_find(struct freezer *freezer, pid_t pid, const struct mount_tree *callers,
		 struct findings *findings);

/**
 * freezer_freeze - freeze it, and wait until it is frozen
 *
 * From here on it is thawed whatever happens: by freezer_thaw(), or when this process ends, by a
 * guard. One that is frozen already stays as it is. Return: 0 or a negative errno, logged.
 */
int freezer_freeze(struct freezer *freezer);

/**
 * freezer_thaw - let it go on; nothing if it is not frozen by us
 *
 * Return: 0 or a negative errno, logged.
 */
int freezer_thaw(struct freezer *freezer);

void freezer_free(struct freezer *freezer);

#endif
