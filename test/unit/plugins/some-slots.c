/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TEST_SLOTS slots, as compiled against a header of that time; what follows is no hook. */
#include <stdlib.h>

#include "criu-plugin.h"

CR_PLUGIN_REGISTER("some-slots", NULL, NULL)

static void __attribute__((constructor)) fill(void)
{
	const char *slots = getenv("TEST_SLOTS");

	CR_PLUGIN_DESC.max_hooks = slots ? (unsigned int)atoi(slots) : 0;
	for (int i = 0; i < CR_PLUGIN_HOOK__MAX; i++)
		CR_PLUGIN_DESC.hooks[i] = (void *)"not a function";
}
