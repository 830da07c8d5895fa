/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a restore would run into later. The builder finds these things by itself, when their turn
 * comes; they are looked for beforehand where something is wrong already, so that all is said at
 * once, and in a dry run.
 */
#ifndef REBIND_MNT_CHECK_PREFLIGHT_H
#define REBIND_MNT_CHECK_PREFLIGHT_H

#include "include/rebind.h"
#include "mnt/source/source.h"

/**
 * preflight_check - findings: mountpoints that are missing or behind symlinks, plugins that are missing,
 *	       contents that are missing or damaged
 * @image_dir_fd: the image
 */
void preflight_check(const struct rebind_restore_options *options, const struct mount_tree *tree,
		     const struct sources *sources, int image_dir_fd, struct findings *findings);

#endif
