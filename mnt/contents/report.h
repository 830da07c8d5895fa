/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages from the child that reads contents to the caller. */
#ifndef REBIND_MNT_CONTENTS_REPORT_H
#define REBIND_MNT_CONTENTS_REPORT_H

#include "hooks/hooks.h"
#include "mnt/ipc/progress.h"
#include "model/changes.h"
#include "model/tree.h"

/**
 * contents_tell - in the child: report the size of the contents of a superblock, and its sockets
 * @first: the index of its first mount
 * @root_fd: its root, to send an O_PATH descriptor of each socket, too; negative: send none
 *
 * Return: 0 or a negative errno: -E2BIG for a socket with an attribute of more than 12 KiB.
 */
int contents_tell(int sock, uint32_t first, const struct mount_contents *contents, int root_fd);

/**
 * contents_tell_change - in the child: a file changed while it was read
 * @path: "./a/b", from the root of the superblock
 */
int contents_tell_change(int sock, uint32_t first, const char *path);

/**
 * contents_hear - in the caller: take all messages into the tree, until the child says IPC_DONE
 * @host: plugins that are asked about each socket with a descriptor (DUMP_UNIX_SK); or NULL
 * @changes: files that changed are added, by their paths in the namespace
 *
 * Plugins are asked once for all names of an inode. Return: 0 or a negative errno, logged; -EIO: the
 * child ended before.
 */
int contents_hear(struct mount_tree *tree, int sock, const struct progress *progress,
		  struct hooks_host *host, struct changes *changes);

#endif
