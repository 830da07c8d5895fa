/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The meaning of a path in the container, by its configuration. */
#ifndef REBIND_RUNTIME_OCI_MOUNT_INDEX_H
#define REBIND_RUNTIME_OCI_MOUNT_INDEX_H

#include "base/names.h"
#include "runtime/oci/config.h"

enum mount_index_kind {
	MOUNT_INDEX_COMMON_DEVICE,
	MOUNT_INDEX_DEVICE,
	MOUNT_INDEX_MASKED,
	MOUNT_INDEX_BIND
};

struct mount_index_entry {
	enum mount_index_kind kind;
	size_t index; /* in the list of that kind */
	char *path;
};

struct mount_index {
	struct mount_index_entry *list;
	size_t n;
	struct names by_path;
};

/**
 * mount_index_make - index them
 * @root_fd: the new root, or negative
 *
 * A path is indexed as it is written, and with symlinks and ".." resolved in the root. Of two binds
 * of one path the last counts: it lies on top.
 *
 * Return: 0 or a negative errno.
 */
int mount_index_make(const struct config *config, int root_fd, struct mount_index *ret);
void mount_index_free(struct mount_index *places);

/**
 * mount_index_find - what is at a path
 * @path: with or without a slash in front, as LXC's names are
 */
const struct mount_index_entry *mount_index_find(const struct mount_index *places,
						 const char *path);

#endif
