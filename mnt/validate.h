/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Can this be dumped, can that be restored: every finding, before anything is done. */
#ifndef REBIND_MNT_VALIDATE_H
#define REBIND_MNT_VALIDATE_H

#include "mnt/check/caller-mounts.h"
#include "model/findings.h"
#include "mnt/scan/scan.h"
#include "mnt/source/source.h"

/**
 * validate_mounts - flag what neither the caller nor we can make again
 *
 * Sets need_plugin on each mount that is undecided; the plugins are asked for these. Changes
 * nothing in the kernel.
 */
void validate_mounts(struct mount_tree *tree);

/**
 * validate_dump - a finding for each thing about mounts with an owner that cannot be kept
 * @callers: the caller's own namespace
 *
 * Return: 0, or -EINVAL when there are findings.
 */
int validate_dump(const struct scan_target *target, const struct mount_tree *tree,
		  const struct mount_tree *callers, struct findings *findings);

/**
 * validate_image - may this image ask for what it asks for, and may the caller
 *
 * Filesystems and options on our list only; kinds that contradict each other; capabilities. Looks
 * at the records alone.
 *
 * Return: 0, or -EINVAL when there are findings.
 */
int validate_image(const struct mount_tree *tree, const struct rebind_restore_options *options,
		   struct findings *findings);

struct validate_input {
	const struct rebind_restore_options *options;
	const struct mount_tree *tree;	     /* settled: mnt/settle.h */
	const struct caller_mounts *callers; /* the caller's own mounts */
	const struct sources *sources;
	int image_dir_fd;
	struct findings *findings;
};

/**
 * validate_restore - can the mounts be had here, with what the caller has
 *
 * With findings, or for a dry run, also what a build would come upon later: mountpoints, plugins,
 * archives.
 *
 * Return: 0, also with findings; or a negative errno, logged.
 */
int validate_restore(const struct validate_input *input);

#endif
