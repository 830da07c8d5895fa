/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mountpoints that a restore made in filesystems of others, to remove them if it fails. */
#ifndef REBIND_MNT_BUILD_JOURNAL_H
#define REBIND_MNT_BUILD_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal_entry {
	int dir_fd;		/* shared with the entries before it in the same directory */
	bool owns_dir;		/* the first of these */
	char *name, *temporary; /* it is made under the second and renamed to the first */
	uint64_t device, inode; /* 0: it may not have been made */
	bool to_delete;		/* not a mountpoint: it is deleted when the tree stands */
};

struct journal {
	struct journal_entry *list;
	size_t n;
};

/**
 * journal_add - a mountpoint is about to be made
 * @dir_fd: duplicated, once for mountpoints that follow each other in one directory
 *
 * Return: 0 or a negative errno.
 */
int journal_add(struct journal *journal, int dir_fd, const char *name, const char *temporary);

/**
 * journal_made - the entry added last now exists, as this inode
 */
void journal_made(struct journal *journal, uint64_t device, uint64_t inode);

/**
 * journal_undo - remove the entries, the last first, if each is still the inode that was made
 */
void journal_undo(struct journal *journal);

/**
 * journal_free - free the list; the mountpoints stay
 */
void journal_free(struct journal *journal);

#endif
