/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ids in the options of superblocks: the kernel shows those of the host, we name our own. */
#ifndef REBIND_MNT_SCAN_OPTION_IDS_H
#define REBIND_MNT_SCAN_OPTION_IDS_H

#include "model/tree.h"

/**
 * option_ids_read_own - the maps of the caller's user namespace, to the ids of that one's parent
 * @ret: empty; option_ids_free_maps()
 *
 * Return: 0 or a negative errno.
 */
int option_ids_read_own(struct mount_idmap *ret);

/**
 * option_ids_read_of - the maps of a process' user namespace, to the ids of ours
 * @ret: empty; stays so if its user namespace is ours
 */
int option_ids_read_of(pid_t pid, struct mount_idmap *ret);

/**
 * option_ids_read_owner - the maps of the user namespace that owns a mount namespace
 * @ns_fd: nsfs
 * @ret: empty; stays so if that is ours
 */
int option_ids_read_owner(int ns_fd, struct mount_idmap *ret);
/**
 * option_ids_read_user - the maps of a user namespace, to the ids of ours
 * @user_fd: nsfs; another one than ours, and below it
 * @ret: empty
 */
int option_ids_read_user(int user_fd, struct mount_idmap *ret);
void option_ids_free_maps(struct mount_idmap *maps);

/**
 * option_ids_translate - have the options of a live namespace in the ids of the caller's user
 * namespace
 *
 * The host is taken for the parent of that. Return: 0 or a negative errno.
 */
int option_ids_translate(struct mount_tree *tree);

/**
 * option_ids_same - are a mount's options still those that the kernel shows
 * @raw: as the kernel shows them, not translated
 */
bool option_ids_same(const struct mount *m, const char *raw);

#endif
