/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ghost-file-<id>.img of CRIU: a file that had no name any more, with its contents. */
#ifndef REBIND_IMAGE_GHOST_H
#define REBIND_IMAGE_GHOST_H

#include <sys/types.h>
#include <time.h>

#include "image/record.h"

struct ghost {
	char name[40]; /* of the file of the image */
	struct record_file file;
	uint32_t uid, gid; /* in the user namespace of the processes */
	mode_t mode;	   /* with its type */
	dev_t rdev;
	uint32_t dev; /* where it was, as watches name it */
	uint64_t inode;
	bool has_times;
	struct timespec times[2]; /* accessed, modified */
	bool in_chunks;
	uint64_t size; /* where it is in chunks */
	char *target;  /* of a symlink */
};

#define GHOST_INIT                       \
	{                                \
		.file = RECORD_FILE_INIT \
	}

/**
 * ghost_open - read all but the contents
 * @ret: initialized with GHOST_INIT, to be closed in any case; it must not be moved
 *
 * Return: 0; -EBADMSG with a finding: it is damaged, or not there; another negative errno.
 */
int ghost_open(int dir_fd, uint32_t id, struct ghost *ret, struct findings *findings);

/**
 * ghost_write - write the contents of a regular file, with the holes that it had
 *
 * Return: 0 or a negative errno; -EBADMSG has a finding.
 */
int ghost_write(struct ghost *ghost, int fd, struct findings *findings);

void ghost_close(struct ghost *ghost);
#define cleanup_ghost cleanup(ghost_close)

#endif
