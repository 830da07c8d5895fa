/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plugins at work: init, the hook chains, exit. Runs in the plugin process. */
#ifndef REBIND_HOOKS_RUN_H
#define REBIND_HOOKS_RUN_H

#include "base/util.h"
#include "hooks/load.h"
#include "hooks/hooks.h"

/* What is being done to a plugin, where it is not a hook. */
enum run_step {
	RUN_NOTHING = -1,
	RUN_LOAD = -2,
	RUN_INIT = -3,
	RUN_EXIT = -4,
	RUN_LEAVE = -5,
};

/**
 * run_step_name - "init", "RESTORE_EXT_MOUNT", ...
 * @step: RUN_* or CR_PLUGIN_HOOK__*
 */
const char *run_step_name(int step);

struct run {
	struct plugin *plugins;
	size_t n;
	int stage;
	int image_dir_fd; /* owned */
	int (*mount_info)(const void *data, int id, struct rebind_mount_info *info);
	const void *data;
	/* Told before code of a plugin is called, so that its end can be laid at its door. */
	void (*announce)(void *data, int step, const char *label);
	void *announce_data;
};

/**
 * run_load - load plugins
 * @run: with stage, image_dir_fd, mount_info and announce set
 *
 * A file that is the same object as one before it is skipped with a warning.
 * Return: 0 or a negative errno, logged.
 */
int run_load(struct run *run, const struct load_files *files);

/**
 * run_init - init of each plugin in order
 *
 * If one fails, those before it get their exit, last first. Return: 0 or a negative errno, logged.
 */
int run_init(struct run *run);

/* A question to the plugins, and the answer. */
struct run_call {
	int hook; /* CR_PLUGIN_HOOK__* with arguments */
	int fd, id, index, type;
	const char *text; /* mountpoint, or kind */
	const char *old_root;
	/* the answer */
	int is_file;
	int plugin; /* which one gave it; -1: none */
	int ret_fd; /* what a RESTORE_* hook yielded, owned by the caller; else -EBADF */
};

/**
 * run_call - ask one plugin after the other until one does not say -ENOTSUP
 *
 * Return: 0, -ENOTSUP (none is concerned), -EAGAIN (RESTORE_EXT_FILE wants to be asked again), or
 * another negative errno, logged: -EPROTO for an answer that the contract does not have.
 * -ENOENT of RESTORE_EXT_MOUNT is not logged.
 */
int run_call(struct run *run, struct run_call *call);

/**
 * run_simple - call a hook without arguments of every plugin that has it
 *
 * Return: 0 or a negative errno, logged.
 */
int run_simple(struct run *run, int hook);

/**
 * run_exit - exit(stage, result) of each plugin that was initialised, last first
 */
void run_exit(struct run *run, int result);

void run_free(struct run *run);

#endif
