/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Conflicts of the mounts of an image with the caller's own mounts. */
#ifndef REBIND_MNT_CHECK_CALLER_MOUNTS_H
#define REBIND_MNT_CHECK_CALLER_MOUNTS_H

#include "include/rebind.h"
#include "model/findings.h"
#include "model/tree.h"

/**
 * callers_mount_max - fs.mount-max: how many mounts a namespace may have; 0: not known
 */
uint32_t callers_mount_max(void);

/* What a restore knows of them. */
struct caller_mounts {
	const struct mount_tree *tree; /* all of them, or only some: caller_mounts_needed() */
	uint32_t n;		       /* how many there are */
	uint32_t max;		       /* callers_mount_max() */
};

/**
 * caller_mounts_needed - does an image have a mount that must be compared with all of them
 */
bool caller_mounts_needed(const struct mount_tree *tree);

/**
 * caller_mounts_check - would the caller's own mounts forbid the new ones
 *
 * Findings: more mounts than fs.mount-max lets one namespace have; a superblock that is read-only
 * in the image, which a namespace has once only, and the caller's is not.
 */
void caller_mounts_check(const struct rebind_restore_options *options,
			 const struct mount_tree *tree, const struct caller_mounts *callers,
			 struct findings *findings);

#endif
