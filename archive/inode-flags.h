/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The flags of chattr(1): tmpfs keeps four of them, since 6.6. */
#ifndef REBIND_ARCHIVE_INODE_FLAGS_H
#define REBIND_ARCHIVE_INODE_FLAGS_H

#include <linux/fs.h>

#include "archive/archive.h"
#include "archive/libarchive.h"

#define INODE_FLAGS_LOCKED (FS_IMMUTABLE_FL | FS_APPEND_FL) /* that take CAP_LINUX_IMMUTABLE */

/**
 * inode_flags_read - put those of an open file or directory into its entry
 *
 * Return: 0, also where the filesystem has none; -EOPNOTSUPP for one that an archive cannot name.
 */
int inode_flags_read(int fd, struct archive_entry *entry);

/**
 * inode_flags_of - those that an entry has
 */
uint32_t inode_flags_of(struct archive_entry *entry);

#endif
