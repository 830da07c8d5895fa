/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mounts of a namespace as a picture, drawn by dot(1) of Graphviz. */
#ifndef REBIND_CMD_SVG_H
#define REBIND_CMD_SVG_H

#include "include/rebind.h"

/**
 * svg_print - what dot_print() prints, drawn, to stdout
 *
 * stdout is closed then: nothing more can be printed. Return: 0 or a negative errno, reported.
 */
int svg_print(const struct rebind_tree *tree);

#endif
