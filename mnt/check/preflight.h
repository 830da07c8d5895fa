/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors that a restore would meet later. The builder finds them by itself when it comes to them.
 * If there are findings already, and in a dry run, they are looked for here, so that all findings
 * are reported at once.
 */
#ifndef REBIND_MNT_CHECK_PREFLIGHT_H
#define REBIND_MNT_CHECK_PREFLIGHT_H

#include "include/rebind.h"
#include "mnt/source/source.h"

/**
 * preflight_check - findings: mountpoints that are missing or behind symlinks, missing plugins,
 *		     contents that are missing or damaged
 * @image_dir_fd: the image
 */
void preflight_check(const struct rebind_restore_options *options, const struct mount_tree *tree,
		     const struct sources *sources, int image_dir_fd, struct findings *findings);

#endif
