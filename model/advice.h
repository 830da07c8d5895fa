/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Advice for the option that declares a mount external: the path that leads to it. */
#ifndef REBIND_MODEL_ADVICE_H
#define REBIND_MODEL_ADVICE_H

#include "model/tree.h"

/**
 * advice_is_seen - does a mount's path lead to it, and not to one that covers it
 */
bool advice_is_seen(const struct mount_tree *tree, const struct mount *m);

/**
 * advice_seen_whole - a mount of a superblock by which its root can be looked at
 * @first: the index of the superblock's first mount
 * Return: it, or NULL.
 */
const struct mount *advice_seen_whole(const struct mount_tree *tree, uint32_t first);

/**
 * advice_external - what declares this mount external: "--external mnt[...]:KEY"
 *
 * By its path where that leads to it, else by its id. Return: malloc()ed, or NULL: no memory.
 */
char *advice_external(const struct mount_tree *tree, const struct mount *m);

#endif
