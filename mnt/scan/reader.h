/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The readers behind scan.h; all make the same model. */
#ifndef REBIND_MNT_SCAN_READER_H
#define REBIND_MNT_SCAN_READER_H

#include "mnt/scan/scan.h"
#include "model/tree.h"

/**
 * scan_statmount - listmount(2) and statmount(2), not linked yet
 * Return: 0, -EAGAIN if a mount went away meanwhile, or a negative errno.
 */
int scan_statmount(uint64_t ns_id, struct mount_tree *tree);

/**
 * scan_statmount_one - a mount that listmount(2) does not list, as nothing of it is in the reader's
 * root but that root itself
 *
 * Its mountpoint is "/". Return: as scan_statmount().
 */
int scan_statmount_one(uint64_t ns_id, uint64_t id, struct mount_tree *tree);

/**
 * scan_statmount_add - one mount more; -ENOENT: it has no mountpoint that can be seen from here
 */
int scan_statmount_add(uint64_t ns_id, uint64_t id, struct mount_tree *tree);

/**
 * scan_statmount_count - how many mounts listmount(2) lists
 * Return: 0 or a negative errno.
 */
int scan_statmount_count(uint64_t ns_id, uint32_t *ret);

/**
 * scan_statmount_ids - the unique ids of what listmount(2) lists, in its order
 * @ret: malloc()ed
 *
 * Return: 0 or a negative errno.
 */
int scan_statmount_ids(uint64_t ns_id, uint64_t **ret, uint32_t *ret_n);

/**
 * scan_statmount_idmap - the id-mapping of a mount, if it has one
 * @m: with its attributes and its unique id
 *
 * Return: as scan_statmount().
 */
int scan_statmount_idmap(uint64_t ns_id, struct mount *m);

/**
 * scan_statmount_probe - does statmount(2) tell all that is needed; remembered
 * @ns_id: a namespace to ask about; 0: our own
 * @id: a mount in it; 0: any
 */
bool scan_statmount_probe(uint64_t ns_id, uint64_t id);

/**
 * scan_statmount_same - ids, parents, attributes, groups, superblocks, and the roots of what is
 * ours Return: 1 the same, 0 not, or a negative errno.
 */
int scan_statmount_same(const struct scan_target *target, const struct mount_tree *tree);

/**
 * scan_mountinfo - libmount's parser on an open mountinfo, from its beginning; not linked yet
 * Return: 0; -EBADMSG with @fault filled for a line that is none; or a negative errno.
 */
int scan_mountinfo(int fd, struct mount_tree *tree, struct tree_fault *fault);

/**
 * scan_mountinfo_line - in which line of such a text a mount stands
 * @index: its position in the tree that was read
 *
 * Return: 0 or a negative errno.
 */
int scan_mountinfo_line(int fd, uint32_t index, uint32_t *ret_line);

/**
 * scan_kernel_text - the text of a live namespace, and the ids of listmount(2); not linked yet
 * @fd: its mountinfo
 * @ret_hash: for scan_kernel_text_same()
 *
 * Return: 1; 0 if it is nothing for this reader, with anything in @tree; or as scan_statmount().
 */
int scan_kernel_text(int fd, uint64_t ns_id, struct mount_tree *tree, uint64_t *ret_hash);

/**
 * scan_kernel_text_same - is each byte of the text still what it was
 * Return: 1, 0, or a negative errno.
 */
int scan_kernel_text_same(int fd, uint64_t hash);

/**
 * scan_set_sb_options - flags and options of the superblock, as mountinfo spells them
 * @end: of @options
 */
int scan_set_sb_options(struct mount_tree *tree, struct mount *m, const char *options,
			const char *end);

/**
 * scan_set_propagation - mountinfo's optional fields
 * @strange: set to the mount's id for the first that is unknown
 *
 * Return: 0, or -EBADMSG if they cannot be read.
 */
int scan_set_propagation(struct mount *m, const char *fields, uint32_t *strange);

/**
 * scan_read_table - scan_read() but for what is told from elsewhere; not linked yet
 */
int scan_read_table(struct scan_target *target, enum scan_reader reader, struct mount_tree *tree);

/**
 * scan_root_counts - does it matter that its root has another name than when it was read
 *
 * Of what a restore makes by that name. A path from another cgroup namespace is not compared with
 * one from ours.
 */
bool scan_root_counts(const struct scan_target *target, const struct mount *m);

/**
 * scan_read_cgroup_roots - the roots of cgroup mounts as target->cgroup_fd's processes see them
 * @reader: which @tree was read by
 *
 * Return: 0, -EAGAIN if the namespace changed meanwhile, or a negative errno.
 */
int scan_read_cgroup_roots(struct scan_target *target, enum scan_reader reader,
			   struct mount_tree *tree);

/* How the kernel marks a root that was deleted. */
#define SCAN_DELETED "//deleted"

/**
 * scan_set_root - the root of a mount; "//deleted" is taken off and noted
 */
int scan_set_root(struct mount_tree *tree, struct mount *m, const char *root);

#endif
