/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything that prevents a dump or a restore: all findings, before anything is done. */
#ifndef REBIND_MNT_VALIDATE_H
#define REBIND_MNT_VALIDATE_H

#include "mnt/check/caller-mounts.h"
#include "model/findings.h"
#include "mnt/scan/scan.h"
#include "mnt/source/source.h"

/**
 * validate_mounts - flag the mounts that only a plugin can restore
 *
 * Sets need_plugin on each unclaimed mount; the plugins are asked about these. Changes nothing in
 * the kernel.
 */
void validate_mounts(struct mount_tree *tree);

/**
 * validate_dump - a finding for everything about mounts with an owner that cannot be saved
 * @callers: the caller's own namespace
 *
 * Return: 0, or -EINVAL when there are findings.
 */
int validate_dump(const struct scan_target *target, const struct mount_tree *tree,
		  const struct mount_tree *callers, struct findings *findings);

/**
 * validate_image - check the records alone: is each filesystem and option on our list, do kinds
 * contradict each other, has the caller the capabilities
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
	bool has_inside_ids; /* ids are those of the inside: what the namespace lacks is the root's */
	struct findings *findings;
};

/**
 * validate_restore - can these mounts be built here
 *
 * If there are findings, and in a dry run, it also checks what a build would only meet later:
 * mountpoints, plugins, archives.
 *
 * Return: 0, also with findings; or a negative errno, logged.
 */
int validate_restore(const struct validate_input *input);

#endif
