/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which path in the container is what in its configuration. */
#ifndef REBIND_RUNTIME_OCI_MOUNT_INDEX_H
#define REBIND_RUNTIME_OCI_MOUNT_INDEX_H

#include "base/names.h"
#include "runtime/oci/config.h"

enum place_kind { PLACE_COMMON_DEVICE, PLACE_DEVICE, PLACE_MASKED, PLACE_BIND };

struct place {
	enum place_kind kind;
	size_t index; /* in the list of that kind */
	char *path;
};

struct places {
	struct place *list;
	size_t n;
	struct names by_path;
};

/**
 * places_make - index them
 * @root_fd: the new root, or negative
 *
 * A path counts as it is written and as it is in the root, where symlinks and ".." are those of the
 * root. Of two binds of one path the last counts: it lies on top.
 *
 * Return: 0 or a negative errno.
 */
int places_make(const struct config *config, int root_fd, struct places *ret);
void places_free(struct places *places);

/**
 * places_find - what is at a path
 * @path: with or without a slash in front, as LXC's names are
 */
const struct place *places_find(const struct places *places, const char *path);

#endif
