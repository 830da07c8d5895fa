/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --copies N: each namespace has a file of its own, with its number in the name. */
#ifndef REBIND_CMD_COPIES_H
#define REBIND_CMD_COPIES_H

#include "cmd/handover.h"

struct copies {
	int64_t n;	       /* what the caller asked for, or 0 */
	struct handover *list; /* of so many */
	char **files;
	char **there;  /* the real names of pins' files that were there before, or NULL each */
	int64_t *done; /* how many are handed over; a guard sees it */
};

void copies_free(struct copies *copies);

/**
 * copies_prepare - check the words, and look at what will be needed
 * @all: --pin or --pidfile with "%d" in it, or --send-fd
 *
 * Return: 0 or STATUS_*, printed.
 */
int copies_prepare(struct copies *copies, const struct handover *all);

/**
 * copies_run - hand all of them over, or none
 * @current: is set to that of the current namespace
 *
 * Also if this process is killed meanwhile: a guard takes back what was handed over. Return: 0 or a
 * negative errno. Only descriptors that were sent cannot be called back.
 */
int copies_run(struct copies *copies, struct handover *current,
	       struct rebind_namespace *const *list);

#endif
