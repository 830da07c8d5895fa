/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* External block devices: a filesystem that the caller has on a device of his own. */
#ifndef REBIND_MNT_SOURCE_DEVICE_H
#define REBIND_MNT_SOURCE_DEVICE_H

#include "model/mount.h"

/**
 * device_key - the key in a record's source, "dev[KEY]"
 * @ret_size: its length
 *
 * Return: where it starts, or NULL: the source is not of that form.
 */
const char *device_key(const struct mount *m, size_t *ret_size);

/**
 * device_mounts - may an image name this filesystem for a device of the caller's
 */
bool device_mounts(const char *fstype);

/**
 * device_mount - mount a block device, attached nowhere
 * @device: its path
 * @m: filesystem and superblock flags (read-only) are taken from here, no options
 *
 * Return: a descriptor, -ENOTBLK if @device is none, or another negative errno.
 */
int device_mount(const char *device, const struct mount *m);

#endif
