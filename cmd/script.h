/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * --action-script: programs that are run at certain moments of a dump or a restore, with the names
 * of these and the environment that CRIU's have. One that fails fails the operation.
 */
#ifndef REBIND_CMD_SCRIPT_H
#define REBIND_CMD_SCRIPT_H

#include <signal.h>
#include <sys/types.h>

#include "base/text.h"

struct scripts {
	struct strings files; /* in the order in which they are run */
	char *images_dir;     /* without symlinks */
	sigset_t signals;     /* blocked when the command was started */
};

/**
 * scripts_open - what they will need
 * @images_dir: may be NULL
 */
void scripts_open(struct scripts *scripts, const char *images_dir);
void scripts_free(struct scripts *scripts);

/**
 * scripts_run - run each of them, one after the other
 * @pid: for CRTOOLS_INIT_PID; 0: that is not set
 *
 * They get the environment and the privileges of the command. Their input is empty, their output
 * is standard error: standard output and what comes in belong to the command's own work. They die
 * with the command. Return: 0, or -ECANCELED if one failed, which is logged.
 */
int scripts_run(const struct scripts *scripts, const char *action, pid_t pid);

#endif
