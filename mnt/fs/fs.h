/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* New filesystems. A file here for each that needs more than its options. */
#ifndef REBIND_MNT_FS_FS_H
#define REBIND_MNT_FS_FS_H

#include "mnt/build.h"
#include "model/findings.h"

/**
 * fs_create - a new superblock for a mount's filesystem, with its contents
 * @i: a mount of it
 *
 * Return: a detached, private mount of the whole filesystem, without attributes; or a negative
 * errno, logged.
 */
int fs_create(struct build *b, uint32_t i);

/**
 * fs_seal - make a superblock read-only, now that nothing more is written to it
 * @fd: any mount of it
 *
 * Return: 0 or a negative errno.
 */
int fs_seal(int fd);

/**
 * fs_set_option - one option of a new filesystem
 * Return: 0 or a negative errno, logged with what the kernel says about it.
 */
int fs_set_option(int fs_fd, const struct mount *m, const char *name, const char *value);

/**
 * fs_set_options - all options of a mount's superblock, and its flags but for read-only
 */
int fs_set_options(int fs_fd, const struct mount *m, const char *options);

/**
 * fs_tmpfs_fill - unpack the contents of a tmpfs, and check that they are what was recorded
 */
int fs_tmpfs_fill(struct build *b, const struct mount *m, int fd);

/**
 * fs_sockets_make - the sockets of a tmpfs, in directories that are there
 * @host: plugins that are asked for those that one of them took at dump; or NULL
 * @fd: its root
 *
 * RESTORE_UNIX_SK returns a socket that is not bound; it is bound to the name in the tmpfs, and
 * then lives where the plugin, or its server, has another copy. What no plugin restores is there,
 * but unconnected, with a warning. Return: 0 or a negative errno, logged.
 */
int fs_sockets_make(struct hooks_host *host, const struct mount *m,
		    const struct mount_contents *contents, int fd);

/**
 * fs_cgroup_check - a finding for each hierarchy of cgroup version 1 that this host does not have
 *
 * To mount one would make it, for all processes of the host and with their controllers.
 */
void fs_cgroup_check(const struct mount_tree *tree, struct findings *findings);

/**
 * fs_overlay_create - an overlay of directories of the new root
 *
 * Its options name them from there and stay visible for ever as they were given, so a child whose
 * root is the new root gives them.
 *
 * Return: as fs_create.
 */
int fs_overlay_create(struct build *b, const struct mount *m);

#endif
