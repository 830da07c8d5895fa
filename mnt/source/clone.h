/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Clones of the sources.
 *
 * Before the namespace changes, each mount that sources lie on is cloned once, without its
 * children. Each source is then cloned from that clone, by its path inside. So another process
 * cannot mount something in the way, no clone pays for the many children of a busy mount, and two
 * descriptors serve any number of sources.
 *
 * A detached clone can only be cloned again in the namespace in which it was made (since 6.15;
 * before that not at all). So once the staging root is there and the plugins are gone, the clones
 * are attached to the staging root, which only the builder can see.
 */
#ifndef REBIND_MNT_SOURCE_CLONE_H
#define REBIND_MNT_SOURCE_CLONE_H

#include "mnt/source/source.h"

/**
 * source_clone_groups - clone the mounts that sources lie on; still in the caller's namespace
 * @tree: which mounts need their source's peer group
 *
 * Return: 0 or a negative errno, logged.
 */
int source_clone_groups(struct sources *sources, const struct mount_tree *tree);

/**
 * source_settle_groups - attach the clones in the staging root, so that they can be cloned
 * Return: 0 or a negative errno, logged.
 */
int source_settle_groups(struct sources *sources, int staging_fd);

/**
 * source_clone_early - source_clone() of a directory before source_settle_groups()
 * @staging_fd: the staging root, which is "/": the group is attached there for a moment
 *
 * Return: as source_clone().
 */
int source_clone_early(struct sources *sources, uint32_t mount, int staging_fd);

/**
 * source_open - a handle on a source (O_PATH), through the group's clone
 * @rest: a path below the source, or ""
 *
 * Return: a descriptor or a negative errno.
 */
int source_open(const struct sources *sources, uint32_t mount, const char *rest);

/**
 * source_clone - a detached, private clone of a source
 *
 * If the last component has become a symlink since the source was examined, it is not followed (its
 * clone fits no directory); an earlier one is refused.
 *
 * Return: a descriptor or a negative errno.
 */
int source_clone(struct sources *sources, uint32_t mount);

/**
 * source_clone_mount - the same of the whole mount that a source lies on, for a peer group's anchor
 */
int source_clone_mount(const struct sources *sources, uint32_t mount);

/**
 * source_clone_part - the same of a directory or file below a source
 */
int source_clone_part(const struct sources *sources, uint32_t mount, const char *rest);

#endif
