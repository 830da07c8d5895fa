/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An archive of a checkpoint, unpacked into a temporary directory. A small process waits until
 * rebind ends, however it does, and removes the directory.
 */
#ifndef REBIND_RUNTIME_OCI_CHECKPOINT_DIR_H
#define REBIND_RUNTIME_OCI_CHECKPOINT_DIR_H

#include <sys/types.h>

#include "base/util.h"

struct checkpoint_dir {
	char *images_dir; /* "checkpoint" in the directory */
	int dir_fd;
	int life_fd;   /* when all copies are closed, or a byte comes, the directory is removed */
	pid_t sweeper; /* the process that removes it */
};

#define UNPACKED_NONE                               \
	(struct checkpoint_dir)                     \
	{                                           \
		.dir_fd = -EBADF, .life_fd = -EBADF \
	}

/**
 * checkpoint_dir_open - unpack one below TMPDIR, else /var/tmp
 * @with_root: also what was changed in the root
 *
 * A warning names files that are not unpacked although they have a meaning.
 * Return: 0 or a negative errno, logged.
 */
int checkpoint_dir_open(const char *file, bool with_root, struct checkpoint_dir *ret);

/* The directory is gone when it returns. */
void checkpoint_dir_close(struct checkpoint_dir *unpacked);
#define cleanup_checkpoint_dir cleanup(checkpoint_dir_close)

#endif
