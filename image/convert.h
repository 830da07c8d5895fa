/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One record of mountpoints-<id>.img to one mount, and back. */
#ifndef REBIND_IMAGE_CONVERT_H
#define REBIND_IMAGE_CONVERT_H

#include "image/rebind.pb-c.h"
#include "image/record.h"
#include "model/tree.h"

/* Where records come from and where they and what is wrong with them go. */
struct convert {
	struct mount_tree *tree;
	struct findings *findings;
	const char *file; /* for sentences */
};

/**
 * convert_read - append the mount that a record describes
 *
 * Checks the record for itself. Its owner is right but for the root's, which only a linked tree
 * knows: convert_root(). What is wrong becomes a finding, and the mount is added nevertheless: the
 * records after it are checked against a tree that has it.
 *
 * Return: 0 or -ENOMEM.
 */
int convert_read(struct convert *to, const Rebind__MntEntry *record);

/**
 * convert_root - what is special about the root of a linked tree
 */
void convert_root(struct convert *to);

/**
 * convert_write - the record of a mount
 * @pool: holds what the record points to, beside the mount's own strings
 * @ret: untouched on failure
 *
 * Return: 0, -ENOMEM, or -EINVAL for an external mount that no key tells.
 */
int convert_write(const struct mount *m, struct record_pool *pool, Rebind__MntEntry *ret);

#endif
