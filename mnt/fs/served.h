/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The descriptor behind a mount that is served from outside: found at dump, used at restore. */
#ifndef REBIND_MNT_FS_SERVED_H
#define REBIND_MNT_FS_SERVED_H

#include "mnt/build/context.h"
#include "mnt/scan/scan.h"

/**
 * served_ask_plugins - DUMP_EXT_FILE for each unclaimed fuse and autofs
 *
 * The hook gets, by preference, the descriptor itself, from a process that holds it: /dev/fuse (the
 * kernel tells the connection in fdinfo), or an end of the pipe. Where no process can be
 * found it gets an O_PATH descriptor of the mount's root, or -1 if that is covered. What a plugin
 * takes is a plugin's mount with a file_id. Return: 0 or a negative errno, logged.
 */
int served_ask_plugins(const struct scan_target *target, struct mount_tree *tree,
		       struct hooks_host *host);

/**
 * served_make - RESTORE_EXT_FILE, and a mount with the descriptor that it returned
 *
 * Other mounts of the superblock are clones of the first. b->fds[i] is detached and private, with
 * its attributes. Return: 0, -EAGAIN (call it again after the other mounts), or another negative
 * errno, logged.
 */
int served_make(struct build *b, uint32_t i);

#endif
