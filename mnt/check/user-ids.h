/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ids that the user namespace which the mounts will belong to does not have. */
#ifndef REBIND_MNT_CHECK_USER_IDS_H
#define REBIND_MNT_CHECK_USER_IDS_H

#include "include/rebind.h"
#include "model/findings.h"
#include "model/tree.h"

/**
 * user_ids_check - a finding for each filesystem with an id that the namespace of --join-ns user:
 *		   lacks: in its options, of a file in it, in an ACL
 *
 * Nothing where all ids are there. The archives are read, and nothing is unpacked.
 */
void user_ids_check(const struct rebind_restore_options *options, const struct mount_tree *tree,
		    int image_dir_fd, struct findings *findings);

#endif
