// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/commit.h"

#include <signal.h>
#include <stddef.h>

void commit_begin(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		sigaddset(&set, ends[i]);
	/* It fails for a wrong first argument only. */
	sigprocmask(SIG_BLOCK, &set, NULL);
}
