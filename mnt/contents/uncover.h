/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moves mounts out of the way, in a temporary namespace. Unmounting them would work, too, but each
 * umount waits for an RCU grace period, ten times as long as a move takes. Mounts that were moved
 * are unmounted a thousand at a time, or with the namespace.
 */
#ifndef REBIND_MNT_CONTENTS_UNCOVER_H
#define REBIND_MNT_CONTENTS_UNCOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fd.h"

struct uncovered {
	int fd; /* of a tmpfs over the process' root, made when one is moved, or negative */
	uint32_t n;
};

#define ASIDE_NONE ((struct uncovered){ .fd = -EBADF })

/**
 * uncover_move - move a mount to where it covers nothing
 * @mount_fd: its root (O_PATH is enough); nothing that must stay in place is on it
 *
 * It is for a namespace of our own in which nothing is shared. The process' root must be the root
 * of a mount; paths from it lead to where they led before. The working directory may change to it.
 *
 * Return: 0 or a negative errno: -EINVAL if the mount is locked to its place, -ENOENT if its root
 * was deleted.
 */
int uncover_move(struct uncovered *uncovered, int mount_fd, bool is_directory);

/**
 * uncover_drop - unmount what was moved, and the tmpfs over the root that it was moved to
 */
void uncover_drop(struct uncovered *uncovered);

#endif
