/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Says that it has more slots than there is room for. */
#include "criu-plugin.h"

struct short_desc {
	const char *name;
	void *init, *exit;
	unsigned int version, max_hooks;
	void *hooks[3];
};

extern struct short_desc too_short __asm__("CR_PLUGIN_DESC");
struct short_desc too_short = { "too-short", NULL, NULL, CRIU_PLUGIN_VERSION, 15, { 0 } };
