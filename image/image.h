/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An image directory: CRIU's inventory and mountpoints records. What CRIU has no field for stands
 * in one submessage (1001) that its readers skip.
 */
#ifndef REBIND_IMAGE_IMAGE_H
#define REBIND_IMAGE_IMAGE_H

#include "model/findings.h"
#include "model/set.h"

/* The numbers of the mount namespaces that an image has; the first one first. */
struct image_set {
	uint32_t ids[SET_MAX];
	uint32_t n;
};

/* What an inventory and the files beside it say about the whole. */
struct image_info {
	uint32_t version;    /* CRIU's image version, 1 or 2 */
	uint32_t ns_id;	     /* which mountpoints-<ns_id>.img was read */
	uint32_t mounts_max; /* image_read_bounded()'s */
	bool by_rebind;	     /* our submessage is there */
	bool has_processes;  /* CRIU's process images belong to it (a pstree, or our flag) */
	bool by_criu;	     /* with processes: CRIU restores the mounts, too */
	bool has_namespaces;
	uint32_t
		namespaces; /* CLONE_NEW*: which the dumped process did not share with the caller */
	const struct image_set *set; /* to be written: it was dumped as a set; else NULL */
};

/**
 * image_read_info - what the inventory says, without the mounts
 * @info: filled; its ns_id is 0
 *
 * Return: 0; -ENOENT there is no inventory; -EBADMSG when there are findings; another negative
 * errno.
 */
int image_read_info(int dir_fd, struct image_info *info, struct findings *findings);

/**
 * image_read - the mounts of one namespace of an image
 * @dir_fd: the image directory
 * @ns_id: which namespace, 0 to find the only one: by pstree -> ids -> mountpoints, without a
 *         pstree the only mountpoints file
 * @tree: empty; filled and linked
 * @info: filled
 * @findings: every thing wrong with the image is added here
 *
 * Records are read one at a time and checked against their bounds: the file's length, known
 * magics, known flags, absolute normal paths (no "..", no "//"), a sound tree, ids. An attribute
 * or field that is not understood is a finding, not dropped. Needs no privilege; the files of
 * another user are opened with caps_openat().
 *
 * Return: 0; -EBADMSG when there are findings; another negative errno for a failed call (also
 * with a finding).
 */
int image_read(int dir_fd, uint32_t ns_id, struct mount_tree *tree, struct image_info *info,
	       struct findings *findings);

/**
 * image_read_bounded - the same of an image with so many mounts at most
 * @max: counted before anything is read; 0: a million
 */
int image_read_bounded(int dir_fd, uint32_t ns_id, uint32_t max, struct mount_tree *tree,
		       struct image_info *info, struct findings *findings);

/* Which images image_read_set() takes for a set. */
enum image_set_kind {
	IMAGE_SET_DUMPED, /* what was dumped as one */
	IMAGE_SET_ANY,	  /* whatever has several namespaces, also of CRIU's */
};

/**
 * image_read_set - the mounts of all namespaces of an image
 * @max: as of image_read_bounded(), of each namespace
 * @tree: a set; or that of the only namespace, or of the one that the process tree names
 *
 * The first is that of the first process, or the first that the inventory lists. A namespace that
 * is listed and not there, and one that is there and not listed, are findings.
 *
 * Parameters and return: as image_read().
 */
int image_read_set(int dir_fd, enum image_set_kind kind, uint32_t max, struct mount_tree *tree,
		   struct image_info *info, struct findings *findings);

/**
 * image_lock - keep other dumps out of a directory, as long as this descriptor is open
 *
 * Two at a time would take each other's files for their own. A filesystem that has no locks goes
 * without. Return: 0, or -EBUSY: another dump has it.
 */
int image_lock(int dir_fd);

/**
 * image_write_mounts - write mountpoints-<ns_id>.img
 * @dir_fd: the image directory
 * @tree: linked; its records are written children before parents, the root last: the order of
 *        the array reversed
 *
 * Of a set, those of this namespace; each is an image of its own, with all that is told of a
 * superblock's contents.
 *
 * Skipped mounts (MOUNT_SKIPPED) are not written. The file is written unnamed (O_TMPFILE) or under
 * a temporary name, synced, and linked into place; it must not exist yet.
 *
 * Return: 0 or a negative errno (-EEXIST).
 */
int image_write_mounts(int dir_fd, const struct mount_tree *tree, uint32_t ns_id);

/**
 * image_write_inventory - write inventory.img, which makes the directory an image
 *
 * To be called last: a directory without an inventory is not an image.
 *
 * Return: 0 or a negative errno (-EEXIST).
 */
int image_write_inventory(int dir_fd, const struct image_info *info);

/**
 * image_is_empty - does the directory hold no inventory yet
 *
 * Return: 1 if a dump may write here, 0 if an inventory is there, or a negative errno.
 */
int image_is_empty(int dir_fd);

/**
 * image_contents_name - the archive of a tmpfs, tmpfs-dev-<dev>.tar.gz.img, or of a mount's deleted
 * root, deleted-<mount id>.tar.gz.img
 */
const char *image_contents_name(const struct mount *m, char buf[64]);

/**
 * image_of_symlink - words for a file of an image that could not be opened because it is a symlink
 * @err: what the opening returned
 *
 * Return: constant text to add; empty if that is not why.
 */
const char *image_of_symlink(int err);

#endif
