/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which process holds the descriptor that a filesystem is served through. */
#ifndef REBIND_MNT_FS_SERVED_FD_H
#define REBIND_MNT_FS_SERVED_FD_H

#include "model/served.h"

/**
 * served_fd_take - find the descriptor in some process, and duplicate it
 * @id: served_id()
 *
 * Looks through /proc. Return: a descriptor that the caller owns, or -ENOENT: no process that can
 * be seen has it, or the kernel does not tell (fuse: before fdinfo had "fuse_connection"). Or the
 * errno with which /proc cannot be listed.
 */
int served_fd_take(enum served kind, uint32_t id);

#endif
