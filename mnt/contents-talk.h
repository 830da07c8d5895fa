/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the child that reads contents tells the caller of them. */
#ifndef REBIND_MNT_CONTENTS_TALK_H
#define REBIND_MNT_CONTENTS_TALK_H

#include "mnt/progress.h"
#include "model/tree.h"

/**
 * contents_tell - in the child: what the contents of a superblock amount to, and its sockets
 * @first: the index of its first mount
 *
 * Return: 0 or a negative errno: -E2BIG for a socket with an attribute of more than 12 KiB.
 */
int contents_tell(int sock, uint32_t first, const struct mount_contents *contents);

/**
 * contents_hear - in the caller: all that is told, into the tree, until the child has gone
 *
 * Return: 0 or a negative errno: -EPROTO if it is not understood.
 */
int contents_hear(struct mount_tree *tree, int sock, const struct progress *progress);

#endif
