/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A temporary directory. A small process waits until rebind ends, however it does, and removes the
 * directory.
 */
#ifndef REBIND_RUNTIME_OCI_SWEPT_DIR_H
#define REBIND_RUNTIME_OCI_SWEPT_DIR_H

#include <sys/types.h>

#include "base/util.h"

struct swept_dir {
	char *path;
	int fd;
	int life_fd;   /* when all copies are closed, or a byte comes, the directory is removed */
	pid_t sweeper; /* the process that removes it */
};

#define SWEPT_DIR_NONE                          \
	(struct swept_dir)                      \
	{                                       \
		.fd = -EBADF, .life_fd = -EBADF \
	}

/**
 * swept_dir_make - make one below TMPDIR, else /var/tmp, for the caller alone
 *
 * Return: 0 or a negative errno, logged.
 */
int swept_dir_make(struct swept_dir *ret);

/* The directory is gone when it returns. */
void swept_dir_remove(struct swept_dir *dir);
#define cleanup_swept_dir cleanup(swept_dir_remove)

#endif
