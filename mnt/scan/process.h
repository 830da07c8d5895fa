/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The processes that are in a mount namespace. */
#ifndef REBIND_MNT_SCAN_PROCESS_H
#define REBIND_MNT_SCAN_PROCESS_H

#include <dirent.h>

/**
 * scan_next_inside - the next process of a namespace
 * @proc: /proc, open
 * @ns_fd: nsfs
 * @ret_pid: its number; as long as @proc is not read further
 *
 * Return: 1, 0 at the end, or a negative errno.
 */
int scan_next_inside(DIR *proc, int ns_fd, const char **ret_pid);

#endif
