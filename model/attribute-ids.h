/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ids in the values of extended attributes: the users and groups that an ACL names, and the root of
 * the user namespace in which a file has its capabilities. The kernel tells and takes both in the
 * ids of the process that asks (linux/posix_acl_xattr.h, linux/capability.h).
 */
#ifndef REBIND_MODEL_ATTRIBUTE_IDS_H
#define REBIND_MODEL_ATTRIBUTE_IDS_H

#include "model/mount.h"

/**
 * attribute_ids_inside - write the ids of a value as the inside of a user namespace has them
 * attribute_ids_outside - the other way round
 * @map: NULL changes nothing
 * @key: of other attributes than the two above nothing is changed
 * @value: as getxattr(2) tells it; changed in place, its size stays
 *
 * Ids that the map does not have become 65534 inside and the root's outside, as ids_shown_uid() and
 * ids_owner() say.
 */
void attribute_ids_inside(const struct mount_idmap *map, const char *key, void *value, size_t size);
void attribute_ids_outside(const struct mount_idmap *map, const char *key, void *value,
			   size_t size);

/**
 * attribute_ids_has - does the map have all ids of a value outside
 *
 * Return: 1 or 0; or -ENOMEM.
 */
int attribute_ids_has(const struct mount_idmap *map, const char *key, const void *value,
		      size_t size);

#endif
