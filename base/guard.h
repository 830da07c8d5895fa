/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small process that waits for the end of this one, and undoes then what it would leave behind.
 * No key and no signal to the process group ends it: only SIGKILL of both leaves something.
 */
#ifndef REBIND_BASE_GUARD_H
#define REBIND_BASE_GUARD_H

#include <sys/types.h>

#include "base/util.h"

struct guard {
	int life_fd; /* closed everywhere, the guard acts */
	pid_t pid;
};

#define GUARD_NONE                \
	(struct guard)            \
	{                         \
		.life_fd = -EBADF \
	}

/* What the guard waits for. */
enum guard_when {
	GUARD_ALL_GONE, /* this process and all that it forked since, unless they executed */
	GUARD_WE_GONE,	/* this process */
};

/**
 * guard_start - have something done if this process dies
 * @fn: what is done; it has this process' memory as it is now, and its working directory
 * @fd: the only descriptor that is still open then, handed to @fn; standard error is open, too, so
 *      that a caller who reads it learns when all is done
 *
 * Return: 0 or a negative errno, logged.
 */
int guard_start(struct guard *guard, enum guard_when when, void (*fn)(void *data, int fd),
		void *data, int fd);

/**
 * guard_end - it is not needed any more; it is gone when this returns
 */
void guard_end(struct guard *guard);

#endif
