/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The process in which the new namespace is built. */
#ifndef REBIND_MNT_BUILDER_H
#define REBIND_MNT_BUILDER_H

#include "mnt/build/context.h"

/**
 * builder_main - carry out the plan, wait for the verdict, end
 * @above: the new namespace's id must be above this one, or 0
 *
 * Call it in a child of the caller; it reports everything over b->caller_fd.
 * Return: the exit status of the process.
 */
int builder_main(struct build *b, uint64_t above);

/**
 * builder_step - carry out one step of the plan, and close descriptors that no later step needs
 * Return: 0 or a negative errno, logged.
 */
int builder_step(struct build *b, const struct plan_step *step);

#endif
