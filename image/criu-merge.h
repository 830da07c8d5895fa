/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An image of two programs: CRIU dumped the processes, rebind their mounts. Our mountpoints file
 * replaces CRIU's, and the inventory says so (rebind_inventory.processes).
 */
#ifndef REBIND_IMAGE_CRIU_MERGE_H
#define REBIND_IMAGE_CRIU_MERGE_H

#include "image/removed.h"
#include "model/findings.h"

/**
 * criu_merge_check - can the mounts of this directory be ours
 * @dir_fd: what CRIU is about to complete: its inventory and process tree are there
 * @ret_ns_id: the mount namespace of the root task
 *
 * Return: 0; -EBADMSG with a finding: no inventory, one that rebind had a hand in already,
 * processes in several mount namespaces (only the root task's would come back); another negative
 * errno.
 */
int criu_merge_check(int dir_fd, uint32_t *ret_ns_id, struct findings *findings);

/**
 * criu_merge_mark - note in the inventory that the mounts are rebind's
 *
 * All that CRIU wrote into the inventory stays, also unknown fields. If there are removed files
 * that only CRIU can create again, it says that a restore is CRIU's alone. Call it last. Return: 0
 * or a negative errno; a directory in which this failed may have no inventory.
 */
int criu_merge_mark(int dir_fd, struct findings *findings);

/**
 * criu_merge_write_criu_inventory - the inventory that makes CRIU leave the mounts alone
 * @dir_fd: the image directory; it is only read
 * @out_fd: where the changed inventory goes
 *
 * CRIU builds mounts when the namespace of the root task (ids-<pid>.img) is another than that of
 * the caller of its dump (root_ids of the inventory). Here it is the same.
 *
 * Return: 0, or a negative errno with a finding.
 */
int criu_merge_write_criu_inventory(int dir_fd, int out_fd, struct findings *findings);

#define MERGE_NEWTIME 0x80U /* CLONE_NEWTIME, which not every header has */

/**
 * criu_merge_own_namespaces - the namespaces, beside that of mounts, that the first process did not
 * share with the dump
 * @ret: of CLONE_NEW*, and MERGE_NEWTIME
 *
 * These are what CRIU makes at a restore; the cgroup namespace is not its first process' from the
 * beginning, but made by it.
 *
 * Return: 0; -ENOENT without a finding: the image does not tell; another negative errno with one.
 */
int criu_merge_own_namespaces(int dir_fd, uint32_t *ret, struct findings *findings);

/**
 * criu_merge_has_user - had the processes a user namespace of their own
 *
 * Then owners in the image are numbers of that. Return: false, too, where the image does not tell.
 */
bool criu_merge_has_user(int dir_fd);

/**
 * criu_merge_write_criu_files - the open files, as CRIU can make them again among mounts of others
 * @dir_fd: the image directory; it is only read
 * @out_fd: where the changed files.img goes
 * @removed: of the image; CRIU is to open them under the names that they are made with
 *
 * A unix socket has the mount of its name there, which CRIU would look for among those that it
 * made. Without it CRIU binds by the path in the joined namespace.
 *
 * Return: 1, 0 if nothing had to be changed (or there is no such file), or a negative errno, with
 * a finding if it is about the image.
 */
int criu_merge_write_criu_files(int dir_fd, int out_fd, const struct removed_files *removed,
				struct findings *findings);

/**
 * criu_merge_write_criu_remaps - the removed files that are CRIU's to make: those of /proc
 *
 * CRIU removes what it finds among the others again, by a path of its own mount namespace. Return:
 * as above.
 */
int criu_merge_write_criu_remaps(int dir_fd, int out_fd, const struct removed_files *removed,
				 struct findings *findings);

#endif
