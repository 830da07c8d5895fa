/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts at paths in proc and sysfs that this kernel lacks: masked paths of another host. */
#ifndef REBIND_MNT_CHECK_MASKS_H
#define REBIND_MNT_CHECK_MASKS_H

#include "include/rebind.h"
#include "model/findings.h"
#include "model/tree.h"

/**
 * masks_check - look for the mountpoints in proc and sysfs, before anything is built
 * @tree: masks without a mountpoint are removed from it if the caller allows that: all of them with
 *        --skip-missing-masks, otherwise those at the paths of options->masked
 *
 * A mask hides a path: an empty tmpfs, a bind of /dev/null, or a read-only bind of the path onto
 * itself. Runtimes skip a mask when they create a container on a host that lacks its path. Nothing
 * can be created in proc and sysfs: other missing mountpoints are findings.
 *
 * Return: 0 (look at the findings) or a negative errno.
 */
int masks_check(const struct rebind_restore_options *options, struct mount_tree *tree,
		struct findings *findings);

#endif
