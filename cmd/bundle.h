/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --bundle and --checkpoint: the image, the root and the sources of a restore from elsewhere. */
#ifndef REBIND_CMD_BUNDLE_H
#define REBIND_CMD_BUNDLE_H

#include "runtime/oci/checkpoint-dir.h"
#include "runtime/oci/bundle.h"

struct bundle_args {
	struct rebind *rebind;	   /* to read the image with, or NULL */
	const char *dir, *archive; /* as they were given */
	/* No CRIU beside: the configuration gives namespaces and cgroup, if the caller does not. */
	bool is_alone;
	bool apply_root; /* --apply-rootfs-diff */
	struct exported exported;
	struct checkpoint_dir unpacked;
	struct bundle found;
	char *name;			   /* of the configuration, for messages */
	char *base;			   /* the bundle, absolute */
	struct rebind_inherit_fd *inherit; /* the caller's and those that were found */
};

void bundle_args_init(struct bundle_args *args);
void bundle_args_free(struct bundle_args *args);

/**
 * bundle_complete - fill in what a restore lacks
 * @how: the options; its root, images_dir, external and inherit_fd may be set
 * @external: the caller's own; what was found is added
 *
 * Return: 0 or a negative errno, logged or with findings.
 */
int bundle_complete(struct bundle_args *args, struct rebind_restore_options *how,
		    struct strings *external, struct rebind_report *report);

/**
 * bundle_fill - unpack what came along with an archive into the mounts of the new namespace
 *
 * Return: 0 or a negative errno, logged.
 */
int bundle_fill(const struct bundle_args *args, struct rebind_namespace *ns);

/**
 * bundle_name_for_dump - add words for the binds of a bundle that a container has mounted
 * @dir: the bundle, or NULL: nothing is done
 *
 * Return: 0 or a negative errno, logged or with findings.
 */
int bundle_name_for_dump(const char *dir, pid_t pid, struct strings *external,
			 struct rebind_report *report);

#endif
