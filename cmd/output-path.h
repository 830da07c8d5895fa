/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a file is to be made: checks before the work. */
#ifndef REBIND_CMD_OUTPUT_PATH_H
#define REBIND_CMD_OUTPUT_PATH_H

#include "base/util.h"

/**
 * output_path_parent - the directory that a path's last component is in
 *
 * Return: a malloc()ed string, or NULL (no memory).
 */
char *output_path_parent(const char *path);

/**
 * output_path_check - can a file be made at @path, or is one there
 *
 * Return: 0 or a negative errno: -EISDIR, -ENOENT or -ENOTDIR (no parent directory), -EACCES, ...
 */
int output_path_check(const char *path);

#endif
