/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mounts of a namespace as a picture, for dot(1) of Graphviz. */
#ifndef REBIND_CMD_DOT_H
#define REBIND_CMD_DOT_H

#include "include/rebind.h"

/**
 * dot_print - a digraph to stdout
 *
 * A node is a mount, an edge leads from parent to child. Mounts of one peer group stand in a box;
 * a dashed arrow leads from a master to its slave: a mount, or a group. Equal trees give equal
 * text.
 *
 * Return: 0 or -ENOMEM.
 */
int dot_print(const struct rebind_tree *tree);

#endif
