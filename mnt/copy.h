/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One more namespace of an image, after the first one. */
#ifndef REBIND_MNT_COPY_H
#define REBIND_MNT_COPY_H

#include "mnt/build/context.h"

/**
 * copy_plan - can a copy of the finished namespace be made the same as another restore would make
 * it
 * @tree: linked; the visible mounts are marked in it
 * @ret_anew: by mount: it is created again in the copy; malloc()ed; NULL if no copy is possible
 *
 * No copy is possible if a mount has a peer group or a master (its copy would be in the group of
 * the first one), is a plugin's, or is not visible, or if other namespaces are made or joined.
 *
 * Return: 0 or -ENOMEM.
 */
int copy_plan(struct mount_tree *tree, const struct rebind_restore_options *options,
	      bool **ret_anew);

/**
 * copy_build - copy the namespace b->copy_fd, and create the mounts in b->anew again in it
 * @above: as of builder_main()
 *
 * It replaces everything that the builder does before the verdict. Return: 0 or a negative errno.
 */
int copy_build(struct build *b, uint64_t above);

#endif
