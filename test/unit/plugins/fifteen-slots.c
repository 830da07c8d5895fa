/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All the slots there are, and neither init nor exit. */
#include <errno.h>
#include <stddef.h>

#include "criu-plugin.h"

static int hook(void)
{
	return -ENOTSUP;
}

CR_PLUGIN_REGISTER("fifteen-slots", NULL, NULL);

static void __attribute__((constructor)) fill(void)
{
	for (int i = 0; i < CR_PLUGIN_HOOK__MAX; i++)
		CR_PLUGIN_DESC.hooks[i] = (void *)hook;
}
