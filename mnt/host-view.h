/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A mount namespace for processes that are to be in one before its mounts can be made: until then
 * it shows what the caller sees, and what they execute by a path is the caller's. restore_run()
 * builds in it: each pivot_root(2) of the builder takes along every process that has the old root
 * as its own.
 */
#ifndef REBIND_MNT_HOST_VIEW_H
#define REBIND_MNT_HOST_VIEW_H

/**
 * host_view_open - make one
 *
 * Its root is the caller's, also where that is a chroot; it hears of the caller's mounts and tells
 * nothing back. It lives as long as its descriptor, or a process in it.
 *
 * Return: an nsfs descriptor or a negative errno, logged.
 */
int host_view_open(void);

#endif
