/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Can this be dumped, can that be restored: every finding, before anything is done. */
#ifndef REBIND_MNT_VALIDATE_H
#define REBIND_MNT_VALIDATE_H

#include "model/findings.h"
#include "mnt/scan/scan.h"

/**
 * validate_mounts - flag what neither the caller nor we can make again
 *
 * Sets need_plugin on each mount that is undecided; the plugins are asked for these. Changes
 * nothing in the kernel.
 */
void validate_mounts(struct mount_tree *tree);

/**
 * validate_dump - a finding for each thing about mounts with an owner that cannot be kept
 * @callers: the caller's own namespace
 *
 * Return: 0, or -EINVAL when there are findings.
 */
int validate_dump(const struct scan_target *target, const struct mount_tree *tree,
		  const struct mount_tree *callers, struct findings *findings);

/**
 * validate_image - may this image ask for what it asks for
 * @enable_fs: filesystems that the caller allows beyond the usual
 *
 * Filesystems and options on our list only; kinds that contradict each other.
 *
 * Return: 0, or -EINVAL when there are findings.
 */
int validate_image(const struct mount_tree *tree, const char *const *enable_fs, size_t n_enable_fs,
		   struct findings *findings);

#endif
