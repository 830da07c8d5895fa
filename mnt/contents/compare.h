/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The contents of the tmpfs mounts of two namespaces, compared entry by entry. */
#ifndef REBIND_MNT_CONTENTS_COMPARE_H
#define REBIND_MNT_CONTENTS_COMPARE_H

#include "mnt/scan/set.h"
#include "model/compare.h"

/* Where to find the contents of one side. */
struct contents_side {
	const struct mount_tree *tree;
	const struct scan_set *live; /* live namespaces, or NULL */
	int image_dir_fd;	     /* an image, or negative */
	const struct mount_idmap
		*ids; /* of a live one: translate its ids to those of the other side */
};

/**
 * compare_contents - every entry of every tmpfs that is internal on both sides
 *
 * A side that is neither live nor an image has no contents: that is an error. Return: 0 or a
 * negative errno, logged.
 */
int compare_contents(const struct contents_side *left, const struct contents_side *right,
		     struct differences *differences);

#endif
