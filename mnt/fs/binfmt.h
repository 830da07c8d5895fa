/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The formats that are registered in the binfmt_misc of a user namespace. */
#ifndef REBIND_MNT_FS_BINFMT_H
#define REBIND_MNT_FS_BINFMT_H

#include "mnt/scan/scan.h"
#include "model/findings.h"

/**
 * binfmt_read - read the formats into the first mount of each internal binfmt_misc
 * @callers: the caller's own namespace: a binfmt_misc that it has mounted is the host's
 * @findings: for formats that cannot be saved; NULL: they are marked as unknown, or listed
 *
 * Formats of the caller's own user namespace are the host's, too, and left out. Return: 0, also
 * with findings, or -ENOMEM.
 */
int binfmt_read(const struct scan_target *target, struct mount_tree *tree,
		const struct mount_tree *callers, struct findings *findings);

/**
 * binfmt_look - the same for a tree without owners, which is shown or compared
 * Return: 0 or a negative errno.
 */
int binfmt_look(const struct scan_target *target, struct mount_tree *tree);

/**
 * binfmt_unknown - mark the formats as unknown: the tree is that of a text
 * Return: 0 or -ENOMEM.
 */
int binfmt_unknown(struct mount_tree *tree);

/**
 * binfmt_in - has a binfmt_misc any format, or is it disabled
 * @dir_fd: its root
 *
 * Return: 1, 0, or a negative errno.
 */
int binfmt_in(int dir_fd);

#endif
