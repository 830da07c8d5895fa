/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layers of an overlay, which the kernel knows as directories and tells as paths. */
#ifndef REBIND_MNT_FS_OVERLAY_CHECK_H
#define REBIND_MNT_FS_OVERLAY_CHECK_H

#include "mnt/scan/scan.h"
#include "model/findings.h"

/**
 * overlay_check_layers - are the paths of an overlay's layers those of its layers?
 *
 * Each has to be seen inside the namespace. What was mounted, unmounted or renamed since the
 * overlay was mounted can lead a path elsewhere: a restore would then show other files. The
 * directory of the topmost layer is known by what the overlay shows of it, the others by the names
 * in them.
 */
void overlay_check_layers(const struct scan_target *target, const struct mount_tree *tree,
			  const struct mount *m, struct findings *findings);

#endif
