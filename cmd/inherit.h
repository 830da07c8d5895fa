/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --inherit-fd: sources that the caller hands over as open descriptors. */
#ifndef REBIND_CMD_INHERIT_H
#define REBIND_CMD_INHERIT_H

#include "base/text.h"
#include "include/rebind.h"

struct inherit {
	struct rebind_inherit_fd *list;
	size_t n;
	struct strings keys; /* that the list points to */
};

/**
 * inherit_parse - fd[N]:mnt[KEY], and debug[N]:TEXT
 * @words: the option's values
 *
 * debug[N]:TEXT writes TEXT to descriptor N, as CRIU does, when all words are understood.
 *
 * Return: 0 or STATUS_*, printed.
 */
int inherit_parse(const struct strings *words, struct inherit *ret);
void inherit_free(struct inherit *inherit);
#define cleanup_inherit cleanup(inherit_free)

#endif
