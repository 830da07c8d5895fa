/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts with a deleted root in the filesystem of the new root. */
#ifndef REBIND_MNT_CHECK_UNLINKED_ROOTS_H
#define REBIND_MNT_CHECK_UNLINKED_ROOTS_H

#include "include/rebind.h"
#include "mnt/scan/scan.h"
#include "model/findings.h"

/**
 * unlinked_check_dump - a finding for each that no restore could create again
 *
 * Return: 0 or -ENOMEM.
 */
int unlinked_check_dump(const struct scan_target *target, const struct mount_tree *tree,
			struct findings *findings);

/**
 * unlinked_check_restore - a finding for each, unless --create-mountpoints is given
 */
void unlinked_check_restore(const struct mount_tree *tree, const struct rebind_restore_options *o,
			    struct findings *findings);

#endif
