/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sources of the root and of external mounts: directories and files of the caller.
 *
 * Sources are grouped by the mount that they lie on, which is then cloned (mnt/source/clone.h).
 */
#ifndef REBIND_MNT_SOURCE_SOURCE_H
#define REBIND_MNT_SOURCE_SOURCE_H

#include "base/arena.h"
#include "base/path.h"
#include "include/rebind.h"
#include "mnt/source/external-option.h"
#include "mnt/scan/scan.h"

struct source_group {
	int path_fd;  /* O_PATH in the caller's namespace: the mount's root, or the only source */
	int clone_fd; /* mnt/source/clone.h: private, childless */
	int host_peer_fd; /* a clone that is still in the caller's peer group, where one is needed */
	uint32_t attributes;
	uint32_t shared;  /* peer group of the caller's mount */
	uint32_t dev;	  /* its superblock */
	const char *root; /* and where in that the group starts; NULL: not known */
	uint32_t whole;	  /* the group of the mount that this lies on, for an anchor; itself else */
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

#define SOURCES_NONE                     \
	(struct sources)                 \
	{                                \
		.cache = PATH_CACHE_NONE \
	}

void sources_free(struct sources *sources);
#define cleanup_sources cleanup(sources_free)

/* The group of the mount of the caller's that a mount's source lies on, where it is known. */
static inline const struct source_group *source_whole(const struct sources *sources, uint32_t mount)
{
	return &sources->groups[sources->groups[sources->of[mount].group].whole];
}

struct source_input {
	const struct rebind_restore_options *options;
	struct mount_tree *tree;    /* attributes become the union of restrictions */
	struct mount_tree *callers; /* the caller's own mounts, all of them */
	uint64_t callers_ns;	    /* or those that are known so far: scan_add() */
	struct external_options *externals;
	struct findings *findings;
};

/**
 * source_find_all - find a source for the root and each external mount
 *
 * Findings: mounts without a source, keys that no mount has, sources that do not exist or are of
 * the wrong kind. m->attributes becomes what the mount will have: the attributes of the image, the
 * restrictions of the source, and --external-flags.
 *
 * Return: 0 (look at the findings) or a negative errno.
 */
int source_find_all(struct source_input *input, struct sources *ret);

/**
 * source_flags_check - a finding if a value of --external-flags is malformed
 */
void source_flags_check(const char *word, struct findings *findings);

#endif
