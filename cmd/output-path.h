/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a file is to be made: checks before the work. */
#ifndef REBIND_CMD_OUTPUT_PATH_H
#define REBIND_CMD_OUTPUT_PATH_H

#include "base/util.h"

/**
 * place_parent - the directory that a path's last component is in
 *
 * Return: a malloc()ed string, or NULL (no memory).
 */
char *place_parent(const char *path);

/**
 * place_check - can a file be made at @path, or is one there
 *
 * Return: 0 or a negative errno: -EISDIR, -ENOENT or -ENOTDIR (no parent directory), -EACCES, ...
 */
int place_check(const char *path);

#endif
