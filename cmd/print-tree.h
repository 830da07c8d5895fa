/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mounts of a namespace as findmnt(8) would show them. */
#ifndef REBIND_CMD_PRINT_TREE_H
#define REBIND_CMD_PRINT_TREE_H

#include "include/rebind.h"

/**
 * print_tree - a table to stdout, a line a mount (more if it is very wide); and who propagates to
 * whom
 *
 * Return: 0 or -ENOMEM.
 */
int print_tree(const struct rebind_tree *tree);

/**
 * print_tree_key - what the mount's key is called in the options of a restore: "mnt[data]",
 * "mnt[]", "dev[disk]"
 *
 * Return: a malloc()ed printable string, or NULL (no memory).
 */
char *print_tree_key(const struct rebind_mount *mount);

/**
 * print_tree_owner - "root", "internal", "external", "plugin", or NULL: not known
 */
const char *print_tree_owner(enum rebind_owner owner);

#endif
