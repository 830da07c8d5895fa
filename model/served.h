/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Filesystems that a process outside serves through a descriptor, and what an image may ask of
 * them: fuse through /dev/fuse, autofs through a pipe. Only a plugin can make one again.
 */
#ifndef REBIND_MODEL_SERVED_H
#define REBIND_MODEL_SERVED_H

#include "model/mount.h"

enum served {
	SERVED_NOT,
	SERVED_FUSE, /* "fuse", "fuse.subtype"; not fuseblk, whose source is a device of the host */
	SERVED_AUTOFS,
};

/**
 * served_kind - by the name of the filesystem
 */
enum served served_kind(const char *fstype);

/**
 * served_id - the number that tells the descriptor behind a mount from all others of its kind
 *
 * Of a fuse its connection, which is the minor device number (each /dev/fuse has the same inode),
 * of an autofs the inode number of its pipe. Return: 0 if it is not known.
 */
uint32_t served_id(const struct mount *m);

/**
 * served_sets - is an option one that is given again (others are shown only, or not allowed)
 * served_ignores - is it shown but not given: the old descriptor and what hangs on it
 */
bool served_sets(enum served kind, const char *option);
bool served_ignores(enum served kind, const char *option);

#endif
