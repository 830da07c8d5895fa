/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A container's checkpoint in one file, as podman and CRI-O export it. */
#ifndef REBIND_ARCHIVE_CHECKPOINT_H
#define REBIND_ARCHIVE_CHECKPOINT_H

#include "archive/archive.h"
#include "base/text.h"

#define CHECKPOINT_DIR "checkpoint" /* the files of CRIU */

/* What podman puts beside it. */
#define CHECKPOINT_SHM	     "devshm-checkpoint.tar" /* the files of /dev/shm */
#define CHECKPOINT_ROOT_DIFF "rootfs-diff.tar"	     /* what was written to the root */
#define CHECKPOINT_DELETED   "deleted.files"	     /* what was removed from it: a list in JSON */
#define CHECKPOINT_VOLUMES   "volumes"		     /* NAME.tar: the files of a volume */

enum checkpoint_parts {
	CHECKPOINT_WITH_ROOT = 1, /* also what was changed in the root */
	CHECKPOINT_BARE = 2, /* the tar has what lies in checkpoint/ alone, without that name */
};

/**
 * checkpoint_unpack - unpack what a restore of mounts reads of it
 * @in_fd: a tar; plain, gzip or zstd
 * @dir_fd: an empty directory that no other user can write to
 * @max_bytes: of all files together
 * @parts: bits of enum checkpoint_parts
 * @ret_unused: names of files that are left out, though they have a meaning, are added; or NULL
 *
 * Unpacked are spec.dump, config.dump, the tars named above, and checkpoint/, but for the memory of
 * processes (checkpoint/pages-*.img); the files of an OCI image layout, if it is an archive of one.
 * They have private modes, whatever the archive says. All else is
 * looked at and left out. Nothing is unpacked over what is there.
 *
 * Return: 0 or a negative errno with @fault filled: -EXDEV for a name that is absolute or has "..",
 * -EBADMSG for what is neither a file nor a directory, a name that stands in it twice, and damage;
 * -EFBIG for more than @max_bytes, or too many entries.
 */
int checkpoint_unpack(int in_fd, int dir_fd, uint64_t max_bytes, unsigned int parts,
		      struct strings *ret_unused, struct archive_fault *fault);

enum checkpoint_filter {
	CHECKPOINT_PLAIN,
	CHECKPOINT_GZIP,
	CHECKPOINT_ZSTD,
};

/**
 * checkpoint_write - write the tar of a checkpoint
 * @dir_fd: holds regular files, and directories of such: checkpoint/, spec.dump, ...
 * @out_fd: where the tar goes
 *
 * The same files make the same tar: names in order, all of root and for root alone.
 *
 * Return: 0 or a negative errno with @fault filled.
 */
int checkpoint_write(int dir_fd, int out_fd, enum checkpoint_filter filter,
		     struct archive_fault *fault);

#endif
