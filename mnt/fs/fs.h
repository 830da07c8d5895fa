/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* New filesystems. A file here for each that needs more than its options. */
#ifndef REBIND_MNT_FS_FS_H
#define REBIND_MNT_FS_FS_H

#include "archive/archive.h"
#include "mnt/build/context.h"
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
 * @m: the record of a mount of it
 * @fd: any mount of it
 *
 * Return: 0 or a negative errno.
 */
int fs_seal(const struct mount *m, int fd);

/**
 * fs_set_option - one option of a new filesystem
 * Return: 0 or a negative errno, logged with what the kernel says about it.
 */
int fs_set_option(int fs_fd, const struct mount *m, const char *name, const char *value);

/**
 * fs_set_source - the source that the mount shows; it may be empty
 * Return: as fs_set_option.
 */
int fs_set_source(int fs_fd, const struct mount *m);

/**
 * fs_set_options - all options of a mount's superblock, and its flags but for read-only
 */
int fs_set_options(int fs_fd, const struct mount *m, const char *options);

/**
 * fs_tmpfs_fill - unpack the contents of a tmpfs, and check that they are what was recorded
 */
int fs_tmpfs_fill(struct build *b, const struct mount *m, int fd);

/**
 * fs_tmpfs_check - a finding for each tmpfs with device nodes that need --allow-devices
 * @image_dir_fd: to name the first such node
 *
 * Only if the image tells; in older ones, and CRIU's, they are found when they are unpacked.
 */
void fs_tmpfs_check(const struct mount_tree *tree, const struct rebind_restore_options *o,
		    int image_dir_fd, struct findings *findings);

/**
 * fs_labels_settle - the SELinux labels of the filesystems that are to be created
 * @context: replaces their context; NULL: it stays
 *
 * If the kernel has no SELinux, the labels are dropped, with a warning. Return: 0 or -ENOMEM.
 */
int fs_labels_settle(struct mount_tree *tree, const char *context);

/**
 * fs_become_owner - take the ids of a directory's owner, if its filesystem is of another user
 * namespace
 * fs_become_ourselves - take our own ids again
 *
 * In a tmpfs of another user namespace only ids that are mapped there can create files (EOVERFLOW).
 * The owner of its root is mapped. The files get their own owners afterwards.
 *
 * Return: 0 or a negative errno.
 */
int fs_become_owner(const struct build *b, int fd);
int fs_become_ourselves(const struct build *b);

/**
 * fs_unpack - unpack an archive of the image, and check that it is what was recorded
 * @m: the mount with these contents
 * @recorded: NULL for CRIU's, which have no record
 * @flags: inode flags to set in the end; NULL: an archive with any is an error
 *
 * Return: 0 or a negative errno, logged.
 */
int fs_unpack(struct build *b, const struct mount *m, const struct mount_contents *recorded, int fd,
	      struct archive_flags *flags);

/**
 * fs_unlinked_make - create the deleted root of a mount again, unless that has been done
 *
 * It gets a temporary name in its filesystem. Return: 0 or a negative errno, logged.
 */
int fs_unlinked_make(struct build *b, uint32_t i);

/**
 * fs_unlinked_open - Return: a descriptor (O_PATH) of it, or a negative errno.
 */
int fs_unlinked_open(const struct build *b, uint32_t i);

/**
 * fs_unlinked_delete - give all such roots of a filesystem their recorded names, and delete them
 * @first: the first mount of its superblock
 *
 * Return: 0 or a negative errno, logged.
 */
int fs_unlinked_delete(struct build *b, uint32_t first);

/**
 * fs_unlinked_kept_by - the mount with which the contents of a deleted root are saved
 *
 * Of several mounts that show one inode, it is one. @ret: NULL if there is none. Return: 0 or
 * -ENOMEM.
 */
int fs_unlinked_kept_by(struct build *b, const struct mount *m, const struct mount **ret);

/**
 * fs_unlinked_make_in_root - the same, for a root deleted in the filesystem of the new root
 *
 * It gets its recorded name. fs_unlinked_delete_in_root() deletes all of these.
 * Return: 0, also with a finding, or a negative errno, logged.
 */
int fs_unlinked_make_in_root(struct build *b, uint32_t i);
int fs_unlinked_delete_in_root(struct build *b);

/**
 * fs_sockets_make - create the sockets of a tmpfs, in directories that exist
 * @host: plugins that are asked about sockets that one of them claimed at dump; or NULL
 * @fd: its root
 *
 * RESTORE_UNIX_SK returns a socket that is not bound; it is bound to the name in the tmpfs. The
 * plugin, or its server, has another copy and serves it. A socket that no plugin restores is
 * created unconnected, with a warning. Return: 0 or a negative errno, logged.
 */
int fs_sockets_make(struct hooks_host *host, const struct mount *m,
		    const struct mount_contents *contents, int fd);

/**
 * fs_cgroup_check - a finding for each hierarchy of cgroup version 1 that this host does not have
 *
 * Mounting a missing hierarchy would create it for all processes of the host, with their
 * controllers. A missing cgroup is a finding, too. Before that, --cgroup-root changes the roots of
 * the mounts.
 *
 * Return: 0 (look at the findings) or -ENOMEM.
 */
int fs_cgroup_check(struct mount_tree *tree, const struct rebind_restore_options *o,
		    struct findings *findings);

/**
 * fs_cgroup_check_dump - a finding for each mount that shows a cgroup which has been removed
 *
 * The kernel goes on to show the path that it had. What is told from another cgroup namespace than
 * ours, by a path of that one, is not looked at.
 */
void fs_cgroup_check_dump(const struct scan_target *target, const struct mount_tree *tree,
			  struct findings *findings);

/**
 * fs_cgroup_check_root - a finding if a value of --cgroup-root is malformed
 */
void fs_cgroup_check_root(const char *word, struct findings *findings);

/**
 * fs_is_too_long - is a mount's source, or an option, longer than fsconfig(2) takes
 * @options: its options, as in mountinfo
 * @layers_too: false: not the layers of an overlay, which are given as descriptors
 */
bool fs_is_too_long(const struct mount *m, const char *options, bool layers_too);

/**
 * fs_mount_call - create a filesystem with mount(2), which takes longer arguments
 * @ns_helper: the namespaces that it belongs to; NULL: ours
 *
 * Return: as fs_create; -ESTALE, of an overlay alone, is not logged.
 */
int fs_mount_call(struct ns_helper *ns_helper, const struct mount *m, const char *options);

#define FS_CREATE_EXCL 8 /* FSCONFIG_CMD_CREATE_EXCL, since 6.6 */

/**
 * fs_create_empty - a new, empty superblock of a filesystem without layers
 * @how: FSCONFIG_CMD_CREATE; or FS_CREATE_EXCL: refuse one that exists already
 *
 * Return: as fs_create.
 */
int fs_create_empty(struct build *b, const struct mount *m, unsigned int how);

/**
 * fs_binfmt_check - a finding if a binfmt_misc has formats and the options name no user namespace
 * for them
 */
void fs_binfmt_check(const struct mount_tree *tree, const struct rebind_restore_options *o,
		     struct findings *findings);

/**
 * fs_binfmt_check_place - is the binfmt_misc of the helper's user namespace empty, if formats are
 * to be registered in it
 *
 * Before anything else is built. Return: 0 or a negative errno, logged.
 */
int fs_binfmt_check_place(struct build *b);

/* Are formats registered in this mount's binfmt_misc? */
bool fs_binfmt_any(const struct build *b, const struct mount *m);

/**
 * fs_binfmt_register - register the recorded formats with a new binfmt_misc
 * @fd: its root; it was empty
 *
 * Return: 0 or a negative errno, logged.
 */
int fs_binfmt_register(struct build *b, const struct mount *m, int fd);

/**
 * fs_overlay_create - an overlay of directories of the new root
 *
 * Its options are paths from the new root, and the kernel shows them as they were given. So a child
 * with the new root as its root gives them: one child for all overlays, until fs_overlay_end().
 *
 * Return: as fs_create.
 */
int fs_overlay_create(struct build *b, uint32_t i);

/**
 * fs_overlay_end - after the last overlay, or if there is none
 */
void fs_overlay_end(struct build *b);

#endif
