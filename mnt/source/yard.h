/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The yard: mounts that others are cloned from.
 *
 * Before Linux 6.15 a detached mount cannot be cloned. So if several mounts show one superblock, a
 * mount of it is attached first, in the staging root, below a name of its own and private. Once the
 * plugins are gone only the builder sees it. It is unmounted with the staging root.
 */
#ifndef REBIND_MNT_SOURCE_YARD_H
#define REBIND_MNT_SOURCE_YARD_H

#include <stdint.h>

/**
 * yard_put - attach a detached mount in the yard
 * @staging_fd: the staging root
 * @what, @number: together the name below which it is; a pair is used once
 * @fd: the mount; it stays the caller's
 *
 * Return: 0 or a negative errno; -EINVAL: it is not the top of a detached tree.
 */
int yard_put(int staging_fd, const char *what, uint32_t number, int fd);

/**
 * yard_clone - clone a part of a detached mount, which is in the yard no longer than that takes
 * @staging_fd: the staging root, which is "/"
 * @fd: the mount; replaced by a detached clone, because what was unmounted is of no more use
 * @path: path below its root, or ""
 *
 * For the time in which plugins run: what is attached is within their reach. Return: a descriptor
 * or a negative errno.
 */
int yard_clone(int staging_fd, int *fd, const char *path);

#endif
