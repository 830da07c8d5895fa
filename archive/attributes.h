/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a file has beside its data, for the archive: extended attributes, ACLs, holes. */
#ifndef REBIND_ARCHIVE_ATTRIBUTES_H
#define REBIND_ARCHIVE_ATTRIBUTES_H

#include "base/arena.h"
#include "archive/archive.h"
#include "archive/libarchive.h"

/* Room for names and values, kept from file to file. Zero it to start. */
struct attributes {
	const struct mount_idmap
		*ids; /* values are read as its inside has them; NULL: as they are */
	char *names, *value;
	size_t names_room, value_room;
};

/* A file: open, which is cheaper, or by its name in the working directory. */
struct attributes_of {
	int fd; /* or negative */
	const char *name;
	const struct mount_idmap *ids; /* values to be set are those of its inside; or NULL */
};

static inline struct attributes_of attributes_of_fd(int fd)
{
	return (struct attributes_of){ .fd = fd };
}

/* A name is not followed. */
static inline struct attributes_of attributes_of_name(const char *name)
{
	return (struct attributes_of){ .fd = -EBADF, .name = name };
}

void attributes_free(struct attributes *attributes);

typedef int (*attributes_fn)(void *data, const char *key, const char *value, size_t size);

/**
 * attributes_each - hand over a file's extended attributes, ACLs in the kernel's form among them
 * @path: for sentences
 *
 * A filesystem without attributes has none. Return: 0, what @fn returned, or a negative errno, with
 * @fault filled: -EINVAL for a name and -E2BIG for an amount that a tar cannot hold.
 */
int attributes_each(struct attributes *attributes, struct attributes_of of, const char *path,
		    attributes_fn fn, void *data, struct archive_fault *fault);

/**
 * attributes_read - put a file's extended attributes and ACLs into its entry
 *
 * Return: as attributes_each().
 */
int attributes_read(struct attributes *attributes, struct attributes_of of,
		    struct archive_entry *entry, struct archive_fault *fault);

/**
 * attributes_holes - put the holes of a regular file into its entry, which has its size
 *
 * Return: 0 or a negative errno.
 */
int attributes_holes(int fd, struct archive_entry *entry);

/**
 * attributes_set - give a file the extended attributes of an entry, but no ACLs
 * attributes_set_acl - the access ACL, if it has one
 *
 * Return: 0 or a negative errno: -EBADMSG for an ACL whose names have no numbers.
 */
int attributes_set(struct attributes_of of, struct archive_entry *entry);
int attributes_set_acl(struct attributes_of of, struct archive_entry *entry);

/**
 * attributes_default_acl - the default ACL of a directory in the kernel's form
 * @ids: it is that of the inside; NULL: as it is
 * @ret: in the arena, or NULL if it has none
 * attributes_set_default_acl - give it to the working directory
 *
 * Return: 0 or a negative errno.
 */
int attributes_default_acl(struct archive_entry *entry, const struct mount_idmap *ids,
			   struct arena *arena, const char **ret, size_t *ret_size);
int attributes_set_default_acl(const char *acl, size_t size);

/**
 * attributes_check_ids - are the ids of an entry's ACLs and capabilities among those of a map
 * @within: its ids outside
 *
 * Return: 0, -EOVERFLOW: one is not; or another negative errno.
 */
int attributes_check_ids(struct archive_entry *entry, const struct mount_idmap *within);

#define ATTRIBUTES_ACL_ACCESS  "system.posix_acl_access"
#define ATTRIBUTES_ACL_DEFAULT "system.posix_acl_default"

/* An ACL as the kernel tells it, linux/posix_acl_xattr.h: a version, then entries, little-endian.
 */
#define ATTRIBUTES_ACL_VERSION 2

struct attributes_acl_entry {
	uint16_t tag, perm;
	uint32_t id;
};

struct attributes_acl_tag {
	uint16_t kernel;
	int tag; /* libarchive's */
	bool has_id;
};

extern const struct attributes_acl_tag attributes_acl_tags[6];

#endif
