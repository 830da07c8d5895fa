/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The layers of an overlay: the kernel has their directories, but reports paths. */
#ifndef REBIND_MNT_FS_OVERLAY_CHECK_H
#define REBIND_MNT_FS_OVERLAY_CHECK_H

#include "mnt/scan/scan.h"
#include "model/findings.h"

/**
 * overlay_check_layers - do the reported paths of an overlay's layers still lead to its layers
 *
 * Each must be visible inside the namespace. If something was mounted, unmounted or renamed since
 * the overlay was mounted, a path can lead elsewhere, and a restore would show other files. The
 * topmost layer is recognized by what the overlay shows of its directory, the others by the names
 * in them.
 */
void overlay_check_layers(const struct scan_target *target, const struct mount_tree *tree,
			  const struct mount *m, struct findings *findings);

#endif
