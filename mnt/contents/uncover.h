/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mounts out of the way, in a namespace that goes soon. An umount would do as well; but each one
 * waits until every processor has looked up (RCU), ten times as long as a move takes. What was
 * moved is unmounted a thousand at once, or goes with the namespace.
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
 * uncover_move - move a mount to where it hides nothing
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
 * uncover_drop - unmount what was moved, and what it was moved to, which is over the root
 */
void uncover_drop(struct uncovered *uncovered);

#endif
