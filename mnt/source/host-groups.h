/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The peer groups of the host that mounts of an image were in, or slaves of: what becomes of them.
 */
#ifndef REBIND_MNT_SOURCE_HOST_GROUPS_H
#define REBIND_MNT_SOURCE_HOST_GROUPS_H

#include "mnt/source/source.h"

/**
 * host_groups_of - Return: the peer group of the host's that a mount's source is in, or 0
 */
uint32_t host_groups_of(const struct sources *sources, uint32_t mount);

/**
 * host_groups_decide - give each mount the relation to the host's groups that it can have
 * @policy: --sharing: strict makes findings of what the sources do not allow; slave and private
 *	    change the records of @tree to what will be made
 *
 * Return: 0, also with findings, or -ENOMEM.
 */
int host_groups_decide(enum rebind_sharing policy, struct mount_tree *tree,
		       const struct sources *sources, struct findings *findings);

#endif
