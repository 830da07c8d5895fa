/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What podman exports beside a checkpoint, in the directory that its archive was unpacked into: the
 * files of /dev/shm and of volumes, and the changes of the container's root. All of it is
 * untrusted: nothing is unpacked outside of the given directory, and no symlink is followed.
 */
#ifndef REBIND_RUNTIME_OCI_EXPORTED_H
#define REBIND_RUNTIME_OCI_EXPORTED_H

#include "base/text.h"

#define EXPORTED_SHM_PATH "/dev/shm"

struct exported {
	int dir_fd;	     /* borrowed */
	const char *archive; /* what messages call it */
	bool any_devices;    /* --allow-devices */
};

/* An archive of files, and the mount that they belong into. */
struct exported_files {
	char *tar;	/* "volumes/db.tar" */
	char *path;	/* "/data", or NULL: config.dump does not tell */
	bool is_placed; /* they are in a filesystem that was made for them */
	bool is_new;	/* the mount at @path is of a filesystem that the restore makes */
};

struct exported_list {
	struct exported_files *list;
	size_t n;
};

/**
 * exported_find - list the files, and the mounts that they belong to
 *
 * config.dump says where a volume is mounted. Return: 0 or a negative errno, logged.
 */
int exported_find(const struct exported *exported, struct exported_list *ret);
void exported_list_free(struct exported_list *list);

/**
 * exported_make_shm - a new tmpfs with the files of /dev/shm, as podman makes one
 *
 * Return: a detached mount of it, or a negative errno, logged.
 */
int exported_make_shm(const struct exported *exported);

/**
 * exported_apply_root - --apply-rootfs-diff: apply the container's changes of its root to a root
 * @root: other filesystems that are mounted below it are not touched
 *
 * The archive is read to its end, and the list is understood, before anything is changed.
 *
 * Return: 0 or a negative errno, logged.
 */
int exported_apply_root(const struct exported *exported, const char *root);

/**
 * exported_fill - unpack files into the mounts of a namespace that they belong into
 * @root_fd: its root
 *
 * Only into an empty directory or a new filesystem; else a warning says that they are not used. If
 * it fails, the directory is emptied again. Return: 0 or a negative errno, logged.
 */
int exported_fill(const struct exported *exported, const struct exported_list *list, int root_fd);

#endif
