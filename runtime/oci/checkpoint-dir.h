/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An archive of a checkpoint, or an OCI image layout with one, unpacked into a temporary directory. */
#ifndef REBIND_RUNTIME_OCI_CHECKPOINT_DIR_H
#define REBIND_RUNTIME_OCI_CHECKPOINT_DIR_H

#include "runtime/oci/swept-dir.h"

struct checkpoint_dir {
	char *images_dir; /* "checkpoint" in the directory */
	struct swept_dir dir;
};

#define UNPACKED_NONE                  \
	(struct checkpoint_dir)        \
	{                              \
		.dir = SWEPT_DIR_NONE, \
	}

/**
 * checkpoint_dir_open - unpack one
 * @path: a tar, plain or compressed by gzip or zstd, of a checkpoint or of an OCI image layout; or
 *        the directory of such a layout
 * @with_root: also what was changed in the root
 *
 * A warning names files that are not unpacked although they have a meaning.
 * Return: 0 or a negative errno, logged.
 */
int checkpoint_dir_open(const char *path, bool with_root, struct checkpoint_dir *ret);

/* The directory is gone when it returns. */
void checkpoint_dir_close(struct checkpoint_dir *unpacked);
#define cleanup_checkpoint_dir cleanup(checkpoint_dir_close)

#endif
