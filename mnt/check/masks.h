/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts in proc and sysfs of what this kernel has not got: masked paths of another host. */
#ifndef REBIND_MNT_CHECK_MASKS_H
#define REBIND_MNT_CHECK_MASKS_H

#include "include/rebind.h"
#include "model/findings.h"
#include "model/tree.h"

/**
 * masks_check - look for the places of mounts in proc and sysfs, before anything is built
 * @tree: what the caller allows to be missing is left out of it: masks with --skip-missing-masks,
 *        and those at the paths of options->masked
 *
 * A mask hides a path: an empty tmpfs, a bind of /dev/null, or the path bound onto itself to be
 * read-only. Runtimes leave one out when they make a container on a host that lacks its path.
 * Nothing can be made in proc and sysfs: other places that are missing are findings.
 *
 * Return: 0 (look at the findings) or a negative errno.
 */
int masks_check(const struct rebind_restore_options *options, struct mount_tree *tree,
		struct findings *findings);

#endif
