/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes below the supervisor: what plugins started, however deep. */
#ifndef REBIND_HOOKS_DESCENDANTS_H
#define REBIND_HOOKS_DESCENDANTS_H

#include <sys/stat.h>
#include <sys/types.h>

#include "base/util.h"

/**
 * descendants_kill_children - kill every child of this process
 * @proc_fd: /proc; nothing is done if it is not that of our pid namespace
 *
 * Return: how many.
 */
int descendants_kill_children(int proc_fd);

/**
 * descendants_kill_in_namespace - kill what is below this process and in a mount namespace
 * @proc_fd: as above
 * @spared: a process that is left alone
 * @ns: of the namespace's file
 *
 * Again and again until a look finds none, as each of them may just be forking another. Return: how
 * many were killed, -EBUSY if they did not become less, or the errno with which /proc cannot be
 * listed.
 */
int descendants_kill_in_namespace(int proc_fd, pid_t spared, const struct stat *ns);

#endif
