/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The flags of one mount: mount_setattr(2) by what it has and what it is to have. */
#ifndef REBIND_MNT_BUILD_MOUNT_ATTRIBUTES_H
#define REBIND_MNT_BUILD_MOUNT_ATTRIBUTES_H

#include "model/mount.h"

/**
 * mount_attributes_set - give a detached mount the attributes of a record; most clones have them
 * @has: what it has, if @known
 *
 * Return: 0 or a negative errno; -EPERM: they are locked.
 */
int mount_attributes_set(const struct mount *m, int fd, uint32_t has, bool known);

#endif
