/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An archive of a checkpoint, unpacked into a directory that goes again, however rebind ends: a
 * small process waits for that and removes it.
 */
#ifndef REBIND_RUNTIME_OCI_CHECKPOINT_DIR_H
#define REBIND_RUNTIME_OCI_CHECKPOINT_DIR_H

#include <sys/types.h>

#include "base/util.h"

struct checkpoint_dir {
	char *images_dir; /* "checkpoint" in the directory */
	int dir_fd;
	int life_fd;   /* when it is closed everywhere, or a byte comes, the directory goes */
	pid_t sweeper; /* who sees to that */
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
 * What is not unpacked, and has a meaning, is named in a warning.
 * Return: 0 or a negative errno, logged.
 */
int checkpoint_dir_open(const char *file, bool with_root, struct checkpoint_dir *ret);

/* The directory is gone when it returns. */
void checkpoint_dir_close(struct checkpoint_dir *unpacked);
#define cleanup_checkpoint_dir cleanup(checkpoint_dir_close)

#endif
