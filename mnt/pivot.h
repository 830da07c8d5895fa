/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of the builder's root: into the staging root, and out of it into the new one. */
#ifndef REBIND_MNT_PIVOT_H
#define REBIND_MNT_PIVOT_H

#include "mnt/build/context.h"

/* Names in the staging root that are ours. */
#define PIVOT_OLD_ROOT "crt-old-root"
#define PIVOT_NEW_ROOT "crt-new-root"
#define PIVOT_PREMOUNT "crt-premount." /* followed by the mount's id */

/**
 * pivot_into_staging - a private tmpfs becomes the root
 *
 * The caller's root is at /crt-old-root. Beside it is a symlink to each of its entries, so that
 * programs, configuration and sockets of the host are at their usual paths. Sets b->old_root_fd and
 * b->staging_fd.
 *
 * Return: 0 or a negative errno, logged.
 */
int pivot_into_staging(struct build *b);

/**
 * pivot_into_new_root - the new root becomes the root, everything else is unmounted
 * @mount: the mount that is the new root, attached in the namespace that the builder is in
 *
 * Return: 0 or a negative errno, logged.
 */
int pivot_into_new_root(struct build *b, uint32_t mount);

/**
 * pivot_enter_true_root - is "/" where an entry of the namespace leads, and not a chroot or the top
 *			   of a stack
 * @root_fd: O_PATH: "/"
 * @ns_fd: the namespace
 *
 * Entering tells: if it is not, "/" is the true root afterwards. Return: 1, 0 or a negative errno.
 */
int pivot_enter_true_root(int root_fd, int ns_fd);

/**
 * pivot_is_rootfs - is the root of this process' namespace the rootfs of the kernel, that
 *		     pivot_root(2) cannot replace
 * @proc_self_fd: O_PATH: /proc/self
 *
 * Return: 1, 0 or a negative errno.
 */
int pivot_is_rootfs(int proc_self_fd);

/**
 * pivot_replace_root - a detached mount becomes the root, and everything else is unmounted
 *
 * "/" must be the true root. Return: 0 or a negative errno.
 */
int pivot_replace_root(int root_fd, int proc_self_fd);

#endif
