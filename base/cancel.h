/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Cancelling what this thread does. A descriptor that becomes readable says so; it is looked at
 * where something is waited for, and between the stages of an operation. From the moment that it is
 * seen, waiting is as without one: what was begun must be undone, and that takes messages as well.
 */
#ifndef REBIND_BASE_CANCEL_H
#define REBIND_BASE_CANCEL_H

#include "base/util.h"

struct cancel {
	int fd; /* negative: there is none */
	bool is_seen;
};

#define CANCEL_NONE ((struct cancel){ .fd = -1 })

/**
 * cancel_swap - what this thread looks at from now on
 * @cancel: the descriptor stays the caller's
 *
 * Return: what it was until now, to be put back.
 */
struct cancel cancel_swap(struct cancel cancel);

/**
 * cancel_check - has it been cancelled
 *
 * Return: 0 or -ECANCELED, also if that was seen before.
 */
int cancel_check(void);

/**
 * cancel_is_seen - Return: whether -ECANCELED was returned here before.
 */
bool cancel_is_seen(void);

/**
 * cancel_fd - the descriptor to poll(2) beside others, or negative: there is none, or it was seen
 */
int cancel_fd(void);

/**
 * cancel_await - wait until a descriptor can be read, or has ended
 *
 * Without a descriptor that cancels, it returns at once. Return: 0 or -ECANCELED.
 */
int cancel_await(int fd);

#endif
