/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files are removed below a directory, and only there: no symlink and no mountpoint is crossed. */
#ifndef REBIND_RUNTIME_OCI_REMOVE_H
#define REBIND_RUNTIME_OCI_REMOVE_H

/**
 * remove_path - remove a file, or a directory with all that is in it
 * @root_fd: what @path is relative to, also where it begins with a slash
 *
 * Return: 0 or a negative errno: -ENOENT: it is not there; -ELOOP: a symlink leads there; -EXDEV:
 * ".." leaves the root, or another filesystem is mounted there; -EINVAL: it is the root.
 */
int remove_path(int root_fd, const char *path);

/**
 * remove_below - remove all that is in a directory
 * Return: 0 or a negative errno, of the first that stays.
 */
int remove_below(int dir_fd);

#endif
