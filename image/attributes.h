/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file has beside its data, for the archive: extended attributes, ACLs, holes. */
#ifndef REBIND_IMAGE_ATTRIBUTES_H
#define REBIND_IMAGE_ATTRIBUTES_H

#include "image/archive.h"
#include "image/libarchive.h"

/* Room for names and values, kept from file to file. Zero it to start. */
struct attributes {
	char *names, *value;
	size_t names_room, value_room;
};

void attributes_free(struct attributes *attributes);

typedef int (*attributes_fn)(void *data, const char *key, const char *value, size_t size);

/**
 * attributes_each - hand over a file's extended attributes, ACLs in the kernel's form among them
 * @name: in the working directory, not followed
 * @path: for sentences
 *
 * A filesystem without attributes has none. Return: 0, what @fn returned, or a negative errno, with
 * @fault filled: -EINVAL for a name and -E2BIG for an amount that a tar cannot hold.
 */
int attributes_each(struct attributes *attributes, const char *name, const char *path,
		    attributes_fn fn, void *data, struct archive_fault *fault);

/**
 * attributes_read - put a file's extended attributes and ACLs into its entry
 * @name: in the working directory, not followed
 *
 * Return: as attributes_each().
 */
int attributes_read(struct attributes *attributes, const char *name, struct archive_entry *entry,
		    struct archive_fault *fault);

/**
 * attributes_holes - put the holes of a regular file into its entry, which has its size
 *
 * Return: 0 or a negative errno.
 */
int attributes_holes(int fd, struct archive_entry *entry);

#endif
