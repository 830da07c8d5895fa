/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --external-from FILE: more words of --external than a command line holds. */
#ifndef REBIND_CMD_EXTERNAL_FROM_H
#define REBIND_CMD_EXTERNAL_FROM_H

#include "base/text.h"

#define EXTERNAL_FROM_SPEC(type)                                                             \
	{                                                                                    \
		'\0', "external-from", OPTION_LIST, offsetof(type, external_from), "FILE|-", \
			"more of --external, one a line, or each ended by a NUL byte"        \
	}

/**
 * external_from - append to @external what stands in each file; "-" is standard input
 *
 * A file that has a NUL byte in it has one behind each word, as find -print0 writes them; else each
 * line is a word. Empty ones are left out.
 *
 * Return: 0 or STATUS_FAILED, printed.
 */
int external_from(const struct strings *files, struct strings *external);

#endif
