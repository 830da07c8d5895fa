/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who undoes it if we are killed: a small process that waits for our end. CRIU outlives us, and
 * leaves things behind that are nobody's then.
 */
#ifndef REBIND_RUNTIME_CRIU_GUARD_H
#define REBIND_RUNTIME_CRIU_GUARD_H

#include <sys/types.h>

#include "base/util.h"

struct guard {
	int life_fd; /* closed everywhere, the guard acts */
	pid_t pid;
};

/**
 * guard_start - have something done if this process dies
 * @fn: what is done; it has this process' memory as it is now, and its working directory
 * @pidfd: the only descriptor that is still open then, handed to @fn
 *
 * Return: 0 or a negative errno, logged.
 */
int guard_start(struct guard *guard, void (*fn)(void *data, int pidfd), void *data, int pidfd);

/**
 * guard_end - it is not needed any more; it is gone when this returns
 */
void guard_end(struct guard *guard);

#endif
