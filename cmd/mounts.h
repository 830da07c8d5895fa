/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --mounts: does rebind or CRIU do the mounts of a container, if CRIU does the processes. */
#ifndef REBIND_CMD_MOUNTS_H
#define REBIND_CMD_MOUNTS_H

#include "cmd/options.h"
#include "runtime/criu/choice.h"

#define MOUNTS_SPEC(type)                                                                             \
	{                                                                                             \
		'\0', "mounts", OPTION_CHOICE, offsetof(type, mounts), CRIU_BY_WORDS,                 \
			"who does the mounts beside CRIU; auto: rebind where it can, else CRIU alone" \
	}

/**
 * mounts_choice - Return: an enum criu_by; without the option REBIND_MOUNTS says it. A negative
 * errno, printed: REBIND_MOUNTS is not understood.
 */
static inline int mounts_choice(const char *option)
{
	return option ? criu_by_word(option) : criu_by_environment();
}

#endif
