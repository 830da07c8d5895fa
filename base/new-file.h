/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A new file that is whole under its name, or not there: of an image, or an archive of one. */
#ifndef REBIND_BASE_NEW_FILE_H
#define REBIND_BASE_NEW_FILE_H

#include "base/util.h"

/* A file on its way into a directory: unnamed, or under a temporary name, until it is finished. */
struct new_file {
	int fd;
	int dir_fd; /* borrowed */
	char name[256];
	char temporary[72]; /* empty when the file is unnamed */
};

/* For a variable with cleanup_new_file that is not started yet. */
#define NEW_FILE_NONE        \
	{                    \
		.fd = -EBADF \
	}

/**
 * new_file_start - open a new file for writing, for its owner alone (mode 0600)
 * Return: 0 or a negative errno.
 */
int new_file_start(struct new_file *file, int dir_fd, const char *name);

/**
 * new_file_finish - sync it and link it into place
 * Return: 0 or a negative errno: -EEXIST if the name is taken. On failure the file is gone.
 */
int new_file_finish(struct new_file *file);

/**
 * new_file_abort - close and forget it; a cleanup, does nothing after finish
 */
void new_file_abort(struct new_file *file);
#define cleanup_new_file cleanup(new_file_abort)

#endif
