/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signals that a process passes on to the one that it waits for, as a shell's `exec` would have
 * made them its own: HUP, INT, QUIT, TERM, USR1, USR2. What a terminal sends is not passed on: it
 * reaches the whole foreground group, the other one too. What the caller ignores stays ignored, by
 * both.
 *
 * One at a time in a process, for the command: a signal handler has no argument.
 */
#ifndef REBIND_BASE_FORWARD_H
#define REBIND_BASE_FORWARD_H

#include <signal.h>
#include <sys/types.h>

#include "base/util.h"

enum { FORWARD_SIGNALS = 6 };

struct forward {
	struct sigaction before[FORWARD_SIGNALS];
	bool is_on;
};

/**
 * forward_start - from now on: signals are stored until there is a process to pass them on to
 */
void forward_start(struct forward *forward);

/**
 * forward_fork - fork, where the child has the signals as they were before
 * @fork_child: fork(2), or child_fork()
 *
 * What is sent to the child from its first moment on has its effect there. Without forward_start()
 * it is @fork_child. Return: as that.
 */
pid_t forward_fork(pid_t (*fork_child)(void));

/**
 * forward_wait - reap a child, and pass signals on to it until it has ended
 * @ret_status: as of waitpid(2)
 *
 * Return: as child_wait().
 */
int forward_wait(pid_t pid, int *ret_status);

/**
 * forward_stop - as it was before forward_start()
 *
 * Signals that were stored and not passed on are raised again.
 */
void forward_stop(struct forward *forward);
#define cleanup_forward cleanup(forward_stop)

#endif
