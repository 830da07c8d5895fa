/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REBIND_CMD_PRINT_GROUPS_H
#define REBIND_CMD_PRINT_GROUPS_H

#include "include/rebind.h"

/**
 * print_groups - to stdout, a line for each peer group that has anything to propagate in this
 * tree
 * @utf8: the terminal shows it
 *
 * "shared:7, slave of 3 (outside): /a, /b; slaves /c". A group with one member and no slave
 * here, as every mount of a host has, is left out. Nothing is printed if there is none.
 *
 * Return: 0 or -ENOMEM.
 */
int print_groups(const struct rebind_tree *tree, bool utf8);

#endif
