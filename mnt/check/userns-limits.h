/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a caller in a user namespace of its own is not allowed, tried before anything is built. */
#ifndef REBIND_MNT_CHECK_USERNS_LIMITS_H
#define REBIND_MNT_CHECK_USERNS_LIMITS_H

#include "include/rebind.h"
#include "mnt/source/source.h"

/**
 * userns_limits_check - a finding for each filesystem that may not be mounted, each source that
 * cannot
 *		    be cloned, and each flag that is locked
 *
 * Nothing in the initial user namespace. What is tried is attached nowhere.
 */
void userns_limits_check(const struct rebind_restore_options *options,
			 const struct mount_tree *tree, const struct sources *sources,
			 struct findings *findings);

#endif
