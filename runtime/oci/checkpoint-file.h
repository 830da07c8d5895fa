/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The archive of a checkpoint on its way: an image in a temporary directory, then in one file. */
#ifndef REBIND_RUNTIME_OCI_CHECKPOINT_FILE_H
#define REBIND_RUNTIME_OCI_CHECKPOINT_FILE_H

#include "base/new-file.h"
#include "runtime/oci/swept-dir.h"

struct checkpoint_file {
	const char *path; /* borrowed */
	char *images_dir; /* where the image goes */
	struct swept_dir dir;
	int parent_fd; /* of the archive */
	struct new_file file;
};

#define CHECKPOINT_FILE_NONE                                                       \
	(struct checkpoint_file)                                                   \
	{                                                                          \
		.dir = SWEPT_DIR_NONE, .parent_fd = -EBADF, .file = NEW_FILE_NONE, \
	}

/**
 * checkpoint_file_is_name - does the name say how it is compressed: .tar, .tar.gz, .tgz, .tar.zst
 */
bool checkpoint_file_is_name(const char *path);

/**
 * checkpoint_file_start - make the directory for the image
 * @path: of an archive that does not exist yet
 *
 * Return: 0 or a negative errno, logged.
 */
int checkpoint_file_start(struct checkpoint_file *file, const char *path);

/**
 * checkpoint_file_finish - write the archive
 * @bundle: its config.json becomes spec.dump; or NULL
 * @on_written: called when all is written, before the archive has its name
 *
 * Return: 0 or a negative errno, logged.
 */
int checkpoint_file_finish(struct checkpoint_file *file, const char *bundle,
			   void (*on_written)(void *data));

/* A cleanup: the directory is gone, and without checkpoint_file_finish() so is the archive. */
void checkpoint_file_close(struct checkpoint_file *file);
#define cleanup_checkpoint_file cleanup(checkpoint_file_close)

#endif
