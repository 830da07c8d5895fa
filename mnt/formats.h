/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The formats that are registered in the binfmt_misc of a user namespace, at dump. */
#ifndef REBIND_MNT_FORMATS_H
#define REBIND_MNT_FORMATS_H

#include "mnt/scan.h"
#include "model/findings.h"

/**
 * formats_read - into the first mount of each binfmt_misc that is ours to create
 * @callers: the caller's own namespace: what it has mounted is the host's
 *
 * Return: 0, also with findings, or -ENOMEM.
 */
int formats_read(const struct scan_target *target, struct mount_tree *tree,
		 const struct mount_tree *callers, struct findings *findings);

#endif
