/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions that plugins call in their host. */
#ifndef REBIND_HOOKS_API_H
#define REBIND_HOOKS_API_H

#include "base/log.h"
#include "base/util.h"
#include "include/rebind-plugin.h"

struct plugin;

/* What the exported functions answer from. */
struct api_state {
	int image_dir_fd;
	int (*mount_info)(const void *data, int id, struct rebind_mount_info *info);
	const void *data;
	const struct plugin *plugins; /* those loaded so far */
	size_t n_plugins;
	struct log_state
		log;	  /* that of the thread that calls the hooks; for a plugin's own threads */
	const char *name; /* before lines of the log that come from none of @plugins */
};

/**
 * api_set - what the exported functions answer from now on
 * @state: copied; NULL: nothing, no plugin is being run
 */
void api_set(const struct api_state *state);

/**
 * api_export - make the exported functions visible to plugins
 *
 * They are already where this library is linked into the program or needed by it, but not where
 * the library itself came by dlopen(3) without RTLD_GLOBAL (an interpreter's module).
 */
void api_export(void);

#endif
