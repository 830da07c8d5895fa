/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plugin process: what it is like, and the questions it answers. */
#ifndef REBIND_HOOKS_WORKER_H
#define REBIND_HOOKS_WORKER_H

#include "hooks/hooks.h"
#include "hooks/load.h"

enum worker_mode {
	WORKER_RUN,  /* init, hooks, exit */
	WORKER_LIST, /* only load and describe */
};

struct worker {
	int sock; /* to rebind: requests in, logs and replies out (wire.h) */
	const struct hooks_options *options;
	const struct load_files *files;
	enum worker_mode mode;
};

/**
 * worker_main - the life of the plugin process
 * @data: a struct worker
 *
 * Does not return. Like a program that was executed: default signals, nothing open but what the
 * caller left inheritable; unlike one, in the caller's memory, so that mount_info() works.
 */
void worker_main(void *data) __attribute__((noreturn));

#endif
