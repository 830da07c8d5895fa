/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory that is nowhere mounted and vanishes with its last descriptor. */
#ifndef REBIND_BASE_TMPFS_H
#define REBIND_BASE_TMPFS_H

/**
 * tmpfs_directory - the root of a new tmpfs, detached
 * Return: a descriptor that can be read, written below, and moved; or a negative errno.
 */
int tmpfs_directory(void);

#endif
