/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the root and the external mounts are made of: the caller's directories and files.
 *
 * Sources are grouped by the mount they lie on. One clone of that mount, without its children, is
 * made before the namespace changes, and each source is cloned from there by its path inside:
 * nobody can put another mount in the way, no clone pays for the many children of a busy mount, and
 * two descriptors serve any number of sources.
 *
 * A detached clone can only be cloned again in the namespace in which it was made (since 6.15,
 * before that not at all). So once the staging root stands and the plugins are gone, the clones are
 * attached there, out of everybody's sight.
 */
#ifndef REBIND_MNT_SOURCE_H
#define REBIND_MNT_SOURCE_H

#include "base/arena.h"
#include "base/path.h"
#include "include/rebind.h"
#include "mnt/words.h"
#include "mnt/scan.h"

struct source_group {
	int path_fd;  /* O_PATH in the caller's namespace: the mount's root, or the only source */
	int clone_fd; /* source_clone_groups(): private, childless */
	int giver_fd; /* a clone that is still in the caller's peer group, where one is needed */
	uint32_t attributes;
	uint32_t shared; /* peer group of the caller's mount */
	bool attributes_known;
};

/* One for each mount of the tree. */
struct source {
	uint32_t group;	  /* MOUNT_NONE: the mount has no source of the caller's */
	const char *rest; /* path below the group's root, "" for that itself */
};

struct sources {
	struct source *of; /* by mount index */
	struct source_group *groups;
	uint32_t n_groups;
	struct arena strings;
	struct table by_mount; /* unique id of the caller's mount -> group */
	struct path_cache cache;
};

void sources_free(struct sources *sources);
#define cleanup_sources cleanup(sources_free)

struct source_input {
	const struct rebind_restore_options *options;
	struct mount_tree *tree;	  /* attributes become the union of restrictions */
	const struct mount_tree *callers; /* the caller's own mounts */
	struct word_list *externals;
	struct findings *findings;
};

/**
 * source_find_all - find a source for the root and each external mount
 *
 * Findings: mounts that have none, keys that no mount has, sources that do not exist or are of the
 * wrong kind. m->attributes becomes what the mount will have: the image's, the source's
 * restrictions,
 * --external-flags.
 *
 * Return: 0 (look at the findings) or a negative errno.
 */
int source_find_all(struct source_input *input, struct sources *ret);

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
 * A symlink that has come into the last place since the source was looked at is not followed (its
 * clone fits no directory); one before it is refused.
 *
 * Return: a descriptor or a negative errno.
 */
int source_clone(struct sources *sources, uint32_t mount);

/**
 * source_clone_part - the same of a directory or file below a source
 */
int source_clone_part(const struct sources *sources, uint32_t mount, const char *rest);

#endif
