/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What image.c and set.c share. */
#ifndef REBIND_IMAGE_IMAGE_INTERNAL_H
#define REBIND_IMAGE_IMAGE_INTERNAL_H

#include "image/convert.h"
#include "image/image.h"

/* The mounts of the namespace info->ns_id, not linked yet, behind those that the tree has. */
int image_read_mounts(int dir_fd, const struct image_info *info, struct mount_tree *tree,
		      struct findings *findings);

/* Link them; -EBADMSG with a finding. */
int image_link(struct convert *to);

/* All of an image of one namespace, or of that which info->ns_id names. */
int image_read_all(int dir_fd, struct mount_tree *tree, struct image_info *info,
		   struct findings *findings);

/* No error without a finding, and no finding without an error; @before: how many there were. */
int image_said_why(int err, size_t before, struct findings *findings);

#endif
