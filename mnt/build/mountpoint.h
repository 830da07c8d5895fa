/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Missing mountpoints: created, and listed in the journal. */
#ifndef REBIND_MNT_BUILD_MOUNTPOINT_H
#define REBIND_MNT_BUILD_MOUNTPOINT_H

#include "mnt/build/context.h"

/**
 * mountpoint_make - create a mountpoint, with the directories on the way
 *
 * In a filesystem that we created, or else only with --create-mountpoints: then through the source,
 * which may be writable when the mount is not. The caller is told of each before it is created.
 *
 * Return: 0, -ENOENT if it may not be made, or another negative errno.
 */
int mountpoint_make(struct build *b, uint32_t i);

/**
 * mountpoint_make_listed - make one entry of a filesystem that is not ours, in both journals
 *
 * Return: 0 or a negative errno.
 */
int mountpoint_make_listed(struct build *b, int dir_fd, const char *name, enum mount_kind kind);

/**
 * mountpoint_advice - the option that would help if a mountpoint does not exist
 *
 * Return: constant text, or NULL: nothing would.
 */
const char *mountpoint_advice(const struct rebind_restore_options *options,
			      const struct mount_tree *tree, const struct mount *m);

/**
 * mountpoint_hint - words to add to the sentence that it does not exist: was --root forgotten?
 * Return: constant text, empty if there is nothing to add.
 */
const char *mountpoint_hint(const struct rebind_restore_options *options,
			    const struct mount_tree *tree, const struct mount *m);

/**
 * mountpoint_list - write down in both journals what will be made
 * @temporary: under which name, first
 * mountpoint_put - it was made: write down its inode, and give it its name
 *
 * Return: 0 or a negative errno.
 */
int mountpoint_list(struct build *b, int dir_fd, const char *name, const char *temporary);
int mountpoint_put(struct build *b, int dir_fd, const char *name, const char *temporary);

#endif
