/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An archive of a checkpoint, unpacked into a directory that goes again, however rebind ends: a
 * small process waits for that and removes it.
 */
#ifndef REBIND_RUNTIME_OCI_CHECKPOINT_DIR_H
#define REBIND_RUNTIME_OCI_CHECKPOINT_DIR_H

#include <sys/types.h>

#include "base/util.h"

struct unpacked {
	char *images_dir; /* "checkpoint" in the directory */
	int dir_fd;
	int life_fd;   /* when it is closed everywhere, or a byte comes, the directory goes */
	pid_t sweeper; /* who sees to that */
};

#define UNPACKED_NONE                               \
	(struct unpacked)                           \
	{                                           \
		.dir_fd = -EBADF, .life_fd = -EBADF \
	}

/**
 * unpacked_open - unpack one below TMPDIR, else /var/tmp
 *
 * Return: 0 or a negative errno, logged.
 */
int unpacked_open(const char *file, struct unpacked *ret);

/* The directory is gone when it returns. */
void unpacked_close(struct unpacked *unpacked);
#define cleanup_unpacked cleanup(unpacked_close)

#endif
