/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state of the builder while it carries out the plan. */
#ifndef REBIND_MNT_BUILD_CONTEXT_H
#define REBIND_MNT_BUILD_CONTEXT_H

#include "base/fd.h"
#include "base/names.h"
#include "hooks/hooks.h"
#include "mnt/ns/idmap.h"
#include "mnt/build/journal.h"
#include "mnt/ns/helper.h"
#include "mnt/ipc/progress.h"
#include "mnt/source/source.h"
#include "model/plan.h"

/* Deleted roots that were created again and must be deleted; private to mnt/fs/unlinked*.c. */
struct build_unlinked {
	struct unlinked_root *list;
	uint32_t n;
	struct table by_first; /* first mount of a superblock -> the last index of list */
	struct table by_root;  /* superblock, inode and path -> index of list */
	struct table by_inode; /* superblock and inode -> the first index of list */
	struct table kept_by; /* superblock and inode -> the mount by which the contents are kept */
	bool knows_kept_by;
	struct names in_root; /* path in the new root's filesystem -> a mount of it: it was made */
};

/* What a mount of the tree becomes on this host; the record in the tree does not change. */
struct target_mount {
	uint8_t kind;	  /* enum mount_kind: as recorded, or as it turned out */
	bool unplaceable; /* with a finding; so is everything below */
	bool premounted;  /* staging.c has seen it */
	uint32_t lent;	  /* of a superblock's first: the flags of PLAN_LEND's mount, or 0 */
	uint32_t lender;  /* and that mount, or MOUNT_NONE */
	uint32_t member;  /* of a set: index of its namespace */
};

/* A namespace of a set: members.h. */
struct build_member {
	uint32_t ns; /* its number */
	int fd, root_fd;
	int staging_fd; /* until it is pivoted */
};

struct build {
	const struct rebind_restore_options *options;
	const struct mount_tree *tree;
	const struct mount_tree *callers;
	const struct plan *plan;
	struct sources *sources;
	const struct idmaps *idmaps;
	struct ns_helper *ns_helper; /* NULL: mounts show the builder's own namespaces */
	struct hooks_host *host;
	int image_dir_fd;
	int caller_fd;		       /* socket to the caller */
	const struct mount_idmap *ids; /* owners in the image are those of its inside; or NULL */
	int into_fd;		       /* the namespace to build in, or negative: a new one */
	int copy_fd;		       /* or that is copied: copy.h; else negative */
	const bool *anew;	       /* by mount: what is made again in a copy */
	struct progress progress;
	uint64_t contents_memory; /* that unpacked contents took so far */

	int old_root_fd;      /* the caller's root, O_PATH */
	int staging_fd;	      /* the staging root */
	int early_root_fd;    /* the new root's clone, until its turn comes */
	int64_t staging_size; /* and how it was when staging.c last looked */
	uint64_t newest_mount;
	bool knows_new_mounts; /* listmount(2) */
	int *fds;	       /* by mount, then by anchor: its descriptor */
	struct fd_run done;    /* of them, to be closed */
	int *sb_root_fds;      /* by first mount of a superblock: a mount that shows all of it */
	struct table reserved; /* late mounts: index -> descriptor of the place held */
	struct target_mount *targets; /* by mount */
	struct build_unlinked unlinked;
	pid_t overlays_pid; /* the child that makes them, or 0 */
	int overlays_sock;
	uint32_t overlays_member; /* of a set: for which namespace that is */
	int callers_ns_fd;
	int ns_fd;		      /* the namespace that is built; of a set the first */
	struct build_member *members; /* of a set: all of them, the first one first */
	uint32_t n_members, inside;   /* and in which of them the builder is */
	int pin_dir_fd;		      /* where the caller may have pinned it, and ... */
	char pin_name[256];
	struct path_cache cache;
	struct findings findings;
	struct journal journal; /* of mountpoints that were made; the caller has the same */
};

/**
 * build_unplaceable - a finding about a mount of the plan; the build goes on to find the others
 */
#define build_unplaceable(b, i, code, help, ...)                                                \
	do {                                                                                    \
		findings_mount(&(b)->findings, code, &(b)->tree->mounts[i], help, __VA_ARGS__); \
		(b)->targets[i].unplaceable = true;                                             \
	} while (0)

#endif
