/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Into a mount namespace of one's own. */
#ifndef REBIND_MNT_NS_UNSHARE_H
#define REBIND_MNT_NS_UNSHARE_H

#include <stdint.h>

/**
 * unshare_to_root - unshare(CLONE_NEWNS), to the namespace's own root, all of it private
 *
 * In a chroot, "/" need not be a mount; its propagation cannot be set then, nor can it be pivoted.
 * Return: 0 or a negative errno.
 */
int unshare_to_root(void);

/**
 * unshare_mounts - unshare(CLONE_NEWNS), with an id that lets it be pinned
 * @above: the namespace in which it will be bound to a file has this id; 0: any will do
 * @proc_fd: a /proc, or negative: the one at /proc
 *
 * Binding a namespace to a file is EINVAL unless its id is larger than that of the namespace of
 * the file (a rule against loops). Since 6.18 namespaces of all kinds have ids in common, which
 * come per CPU, in batches: on one CPU, a throw-away child makes UTS namespaces, the cheapest,
 * until a mount namespace's id is large enough, and the next one is ours.
 *
 * Return: 0 or a negative errno.
 */
int unshare_mounts(uint64_t above, int proc_fd);

#endif
