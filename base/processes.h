/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A process and all below it, by what /proc says. */
#ifndef REBIND_BASE_PROCESSES_H
#define REBIND_BASE_PROCESSES_H

#include <dirent.h>
#include <sys/types.h>

#include "base/util.h"

struct processes {
	pid_t *pids; /* the root of the tree first, parents before children */
	size_t n;
};

/**
 * processes_read - the process and all below it
 *
 * They run on: one that is forked meanwhile may be missing, one that ends meanwhile is passed over.
 * Return: 0, -ESRCH: there is no such process, or another negative errno.
 */
int processes_read(pid_t pid, struct processes *ret);
void processes_free(struct processes *processes);
#define cleanup_processes cleanup(processes_free)

/**
 * processes_gone - does what /proc refused mean that the process has ended
 * @err: 0 or a negative errno
 */
bool processes_gone(int err);

/**
 * processes_open_dir - a directory below /proc/PID, or NULL with errno
 */
DIR *processes_open_dir(pid_t pid, const char *name);

#endif
