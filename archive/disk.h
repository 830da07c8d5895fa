/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Entries of an archive become files. Whether they may has been decided: tar_guard_check(). */
#ifndef REBIND_ARCHIVE_DISK_H
#define REBIND_ARCHIVE_DISK_H

#include <time.h>

#include "base/arena.h"
#include "archive/tar.h"

/* What is set when nothing is made in a directory any more. */
struct disk_directory {
	const char *path;
	struct timespec times[2];
	bool has_times;
	const char *acl; /* its default ACL in the kernel's form, or NULL */
	size_t acl_size;
};

/*
 * The process' working directory is always the directory that the last entry was made in: the next
 * one is most often there or right below, and files of any type have plain names there.
 */
struct disk {
	int root_fd; /* borrowed */
	int here_fd; /* the working directory; negative: it is the root */
	char *here;  /* its path from the root, "a/b" */
	char *path;  /* of the entry, the same way */
	size_t here_room, path_room;
	const char *name; /* in @path: the last component; "." for the root */
	int file_fd;	  /* the regular file that is being written */
	uint64_t written; /* the end of what was written to it */
	struct disk_directory *directories;
	size_t n_directories, directories_room;
	struct arena texts;
	struct archive_flags *flags;   /* to be set by the caller, later still */
	const struct mount_idmap *ids; /* attributes have the ids of its inside; or NULL */
	struct archive_fault *fault;
};

/**
 * disk_start - make files below a directory
 * @root_fd: a filesystem that no other process changes, and the working directory; borrowed
 * @flags: is filled
 *
 * Return: 0 or a negative errno with @fault filled.
 */
int disk_start(struct disk *disk, int root_fd, struct archive_flags *flags,
	       struct archive_fault *fault);

/**
 * disk_make - make what an entry describes, with all its attributes
 *
 * A regular file is open afterwards, for disk_write(), and gets its attributes by disk_finish().
 * What has the name already is replaced, unless both are directories.
 *
 * Return: 0 or a negative errno with the fault filled: -ELOOP for a symlink on the way.
 */
int disk_make(struct disk *disk, struct archive_entry *entry);
int disk_write(struct disk *disk, const void *data, size_t size, int64_t offset);
int disk_finish(struct disk *disk, struct archive_entry *entry);

/**
 * disk_end - what directories get when all is in them
 *
 * Return: 0 or a negative errno with the fault filled.
 */
int disk_end(struct disk *disk);

void disk_free(struct disk *disk);

#endif
