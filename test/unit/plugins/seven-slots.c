/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* As compiled against the header of 2014: seven slots, and behind them what is not a hook. */
#include "criu-plugin.h"

static int restore(int id, char *mountpoint, char *old_root, int *is_file)
{
	(void)id;
	(void)mountpoint;
	(void)old_root;
	*is_file = 1;
	return 0;
}

struct short_desc {
	const char *name;
	int (*init)(int stage);
	void (*exit)(int stage, int ret);
	unsigned int version, max_hooks;
	void *hooks[7];
};

struct behind {
	struct short_desc desc;
	void *not_a_hook[8];
};

/* One object, so that what lies behind the seven slots is known: every slot of it is filled. */
extern struct behind seven __asm__("CR_PLUGIN_DESC");
struct behind seven = {
	.desc = {
		.name = "seven-slots",
		.version = CRIU_PLUGIN_GEN_VERSION(0, 2, 0),
		.max_hooks = 7,
		.hooks = { [CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT] = (void *)restore },
	},
	.not_a_hook = { "a", "b", "c", "d", "e", "f", "g", "h" },
};
