/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that processes had open though they were removed, as CRIU notes them: remap-fpath.img says
 * which of files.img they are. The contents of a file without any name are in the image (a ghost
 * file); one that had another name somewhere got a link from CRIU beside the name that is gone.
 */
#ifndef REBIND_IMAGE_REMOVED_H
#define REBIND_IMAGE_REMOVED_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/table.h"
#include "base/text.h"
#include "model/findings.h"

struct removed_file {
	uint32_t id;	  /* in files.img */
	uint32_t remap;	  /* the ghost file; or the file with the link */
	mode_t mode;	  /* of a ghost file */
	const char *path; /* it had, in the mount namespace */
	const char *link; /* the name that CRIU made, or NULL: it is a ghost file */
	const char *made; /* the name under which CRIU is to open it: no file is called so */
	bool is_again;	  /* a directory that another entry makes, under the same name */
	bool is_watched;  /* it, or the directory: a change of its name would be told */
};

struct removed_files {
	struct removed_file *list;
	size_t n;
	struct table by_id;    /* in files.img -> index in list */
	struct table by_inode; /* hash of a ghost file's device and inode -> index in list */
	struct strings texts;
};

/**
 * removed_read - find them in an image
 * @ret: to be freed in any case
 *
 * Return: 0; -EBADMSG with a finding: the image is damaged; -EOPNOTSUPP with a finding: it has one
 * that only CRIU can make, among mounts of its own; another negative errno.
 */
int removed_read(int dir_fd, struct removed_files *ret, struct findings *findings);
void removed_free(struct removed_files *files);
#define cleanup_removed cleanup(removed_free)

/**
 * removed_find - Return: the one with this id in files.img, or NULL.
 */
const struct removed_file *removed_find(const struct removed_files *files, uint32_t id);

/**
 * removed_find_watched - Return: the one that an inotify watch or a fanotify mark is on, or NULL.
 */
const struct removed_file *removed_find_watched(const struct removed_files *files, uint32_t dev,
						uint64_t inode);

#endif
