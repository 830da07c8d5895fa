/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files that look for sources have in common. Included by them only. */
#ifndef REBIND_MNT_SOURCE_RESOLVE_H
#define REBIND_MNT_SOURCE_RESOLVE_H

#include "base/names.h"
#include "base/sys.h"
#include "mnt/source/source.h"

/* While sources are looked for. */
struct finder {
	struct source_input *in;
	struct sources *out;
	struct table by_unique;	  /* callers' mounts by unique id */
	struct names by_key;	  /* index of the first record that has a key */
	uint32_t *same_key;	  /* by record: the next that has its key, or MOUNT_NONE */
	struct names by_device;	  /* group, by the device's path */
	struct names device_keys; /* the key in "dev[KEY]" */
	const char *near;	  /* the path that was looked at last, or NULL */
	size_t near_size;	  /* of its directory, which is open */
	int near_fd;
	uint32_t room; /* of out->groups */
	int err;
};

/* ---- source-mount.c: the mounts that sources lie on ---- */

/**
 * finder_callers_mount - which of the caller's mounts that is, or NULL
 */
const struct mount *finder_callers_mount(struct finder *f, const struct sys_mount_stat *stat);

/**
 * finder_is_elsewhere - does a source that is on no mount of the caller's belong to another mount
 * namespace
 * @by_path: else it was handed in, and may be a detached mount
 *
 * Nothing tells but the attempt to clone it, which leaves nothing.
 */
bool finder_is_elsewhere(int fd, bool by_path);

/**
 * finder_single_group - a group of its own: for covered mounts, descriptors that were handed in
 * @fd: taken
 * @host: the caller's mount, or NULL
 *
 * Return: its number, or MOUNT_NONE with f->err.
 */
uint32_t finder_single_group(struct finder *f, int *fd, const struct mount *host);

/**
 * finder_mount_group - the group of a mount of the caller's
 * Return: its number; MOUNT_NONE: its own mountpoint does not lead to it, or there is f->err.
 */
uint32_t finder_mount_group(struct finder *f, const struct mount *host);

/**
 * finder_find_whole - note of which group's mount the one source of a single group is a part
 *
 * What is shared may need an anchor, which takes more than the descriptor; what is shown is its
 * own.
 */
void finder_find_whole(struct finder *f, uint32_t single, const struct mount *host);

/* ---- resolve.c: what stands for one mount ---- */

/**
 * finder_forget_near - close the directory of the path that was looked at last
 */
void finder_forget_near(struct finder *f);

/**
 * finder_is_device - is the mount one of --external dev[MAJ/MIN]
 */
bool finder_is_device(const struct mount *m);

/**
 * finder_key - what the caller calls a mount: its key, or for one that mnt[] took its mountpoint
 * Return: NULL: it has none.
 */
const char *finder_key(const struct mount *m);

/**
 * finder_find_one - find the source of a mount, if it needs one
 *
 * Findings where there is none; f->err where memory ran out.
 */
void finder_find_one(struct finder *f, uint32_t i);

#endif
