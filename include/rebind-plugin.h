/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What rebind offers a plugin beyond CRIU's ABI. Optional: find it with dlsym() or link weakly. */
#ifndef REBIND_PLUGIN_H
#define REBIND_PLUGIN_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A mount as the image or the dumped namespace has it. Strings live until exit. Later versions add
 * fields at the end: those that the caller's size does not reach are not written, those that an
 * older rebind does not know stay as they were.
 */
struct rebind_mount_info {
	uint32_t size; /* set by the caller: sizeof(struct rebind_mount_info) */
	uint32_t id;
	uint32_t parent_id;
	uint32_t dev_major, dev_minor;
	uint32_t is_file;	/* 0 a directory, 1 a file, 2 unknown */
	uint64_t attributes;	/* MOUNT_ATTR_* */
	const char *mountpoint; /* from the namespace's root */
	const char *root;	/* inside its filesystem */
	const char *fstype, *source, *options;
	uint32_t sb_flags; /* MS_* of the superblock: MS_RDONLY, MS_SYNCHRONOUS, ... */
};

/**
 * rebind_mount_info - tell a plugin about the mount it is asked for
 * @id: the mount id, as the hook got it
 * @info: info->size set by the caller; the rest is filled
 *
 * Valid in every hook. Return: 0, -ENOENT for an id that no mount has, -EINVAL.
 */
int rebind_mount_info(int id, struct rebind_mount_info *info);

#ifdef __cplusplus
}
#endif

#endif
