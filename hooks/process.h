/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plugin process as its parent has it: start, ask, and what happens if it does not answer. */
#ifndef REBIND_HOOKS_PROCESS_H
#define REBIND_HOOKS_PROCESS_H

#include <sys/types.h>

#include "hooks/hooks.h"
#include "hooks/run.h"
#include "hooks/wire.h"
#include "hooks/worker.h"

struct hooks_host {
	pid_t supervisor;
	int talk, keep;	      /* to the plugin process, to the supervisor */
	unsigned int timeout; /* s */
	int failed;	      /* why there is no plugin process any more */
	int step;	      /* what runs there: RUN_* or a hook */
	char label[320];      /* and the plugin that runs */
	struct hooks_plugin *plugins;
	size_t n;
	struct run *run; /* REBIND_PLUGIN_DEBUG: no process, plugins are called directly */
};

/**
 * process_start - fork supervisor and plugin process, wait until plugins are loaded and initialised
 * @host: with the timeout set
 *
 * Return: 0 or a negative errno, logged; nothing is left then.
 */
int process_start(struct hooks_host *host, struct worker *worker);

/**
 * process_ask - send a message to the plugin process and wait for the reply
 * @fd: sent along, or negative
 * @ret_fd: the descriptor that came with the reply, or -EBADF; may be NULL
 *
 * Lines for the log and the like are dealt with meanwhile. Return: 0 and @reply, or a negative
 * errno, logged; what plugins answered is in reply->value.
 */
int process_ask(struct hooks_host *host, const struct wire *message, int fd, struct wire *reply,
		int *ret_fd);

/**
 * process_leave - send the plugin process and the supervisor to a namespace and root
 *
 * Return: as hooks_leave().
 */
int process_leave(struct hooks_host *host, int ns_fd, int root_fd);

/**
 * process_stop - end the supervisor and all below it; nothing if there is none
 */
void process_stop(struct hooks_host *host);

/**
 * process_add_plugin - remember a loaded plugin
 * @plugin: its strings are copied
 *
 * Return: 0 or -ENOMEM.
 */
int process_add_plugin(struct hooks_host *host, const struct hooks_plugin *plugin);

#endif
