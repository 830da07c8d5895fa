/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One more namespace of an image, after the first one. */
#ifndef REBIND_MNT_COPY_H
#define REBIND_MNT_COPY_H

#include "mnt/build/context.h"

/**
 * copy_plan - can a copy of the finished namespace be made the same as another restore would make it
 * @tree: linked; marks what can be seen
 * @ret_anew: by mount: it is made again in the copy; malloc()ed, NULL where there is no such way
 *
 * No: what is in a peer group or has a master, as a copy would be in the group of the first one;
 * plugins' mounts; where other namespaces are made or joined; what no path leads to.
 *
 * Return: 0 or -ENOMEM.
 */
int copy_plan(struct mount_tree *tree, const struct rebind_restore_options *options,
	      bool **ret_anew);

/**
 * copy_build - copy the namespace b->copy_fd, and make again in it what b->anew says
 * @above: as of builder_main()
 *
 * In the place of all that the builder does up to the verdict. Return: 0 or a negative errno.
 */
int copy_build(struct build *b, uint64_t above);

#endif
