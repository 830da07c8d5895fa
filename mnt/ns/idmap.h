/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* User namespaces that carry the maps of id-mapped mounts (mount_setattr(2), 5.12). */
#ifndef REBIND_MNT_NS_IDMAP_H
#define REBIND_MNT_NS_IDMAP_H

#include "base/table.h"
#include "model/findings.h"
#include "model/tree.h"

struct idmaps_one {
	const struct mount_idmap *maps;
	int fd; /* of the user namespace */
};

/* One for each distinct pair of maps. */
struct idmaps {
	struct idmaps_one *list;
	uint32_t n;
	struct table by_maps; /* hash of the maps, or one of the next numbers -> index */
};

/**
 * idmap_namespace - a user namespace with these maps, and no process in it
 * Return: a descriptor that the caller owns, or a negative errno.
 */
int idmap_namespace(const struct mount_idmap *map);

void idmaps_free(struct idmaps *idmaps);

/**
 * idmaps_make - a user namespace for the maps of every id-mapped mount of a tree
 *
 * Call it while /proc is mounted and "/" is not a chroot (EPERM). Return: 0 or a negative errno,
 * logged.
 */
int idmaps_make(const struct mount_tree *tree, struct idmaps *ret);

/**
 * idmaps_apply - map the ids of a detached mount
 * Return: 0 or a negative errno; -EPERM: the mount is id-mapped already; -EINVAL: its filesystem
 * cannot be.
 */
int idmaps_apply(const struct idmaps *idmaps, const struct mount *m, int fd);

/**
 * idmaps_check_source - can an external mount or the root have this source, which is id-mapped
 * @source: the caller's mount that the source lies on
 *
 * A clone keeps the maps of its source, and they cannot be changed. Findings are added.
 */
void idmaps_check_source(const struct mount *m, const struct mount *source,
			 struct findings *findings);

#endif
