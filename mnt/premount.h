/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plugins make their mounts at /crt-premount.<id>, before the root is pivoted. */
#ifndef REBIND_MNT_PREMOUNT_H
#define REBIND_MNT_PREMOUNT_H

#include "mnt/build/context.h"

/**
 * premount_make - ask the plugins for one mount, and check what they did
 *
 * Afterwards b->fds[i] is the mount at /crt-premount.<id>, private, and its target has the kind
 * that was found there. Return: 0 or a negative errno, logged.
 */
int premount_make(struct build *b, uint32_t i);

/**
 * premount_remove_point - remove the temporary mountpoint of a mount that was moved away
 *
 * unlink or rmdir, by the kind. Return: 0 or a negative errno, logged.
 */
int premount_remove_point(struct build *b, uint32_t i);

/**
 * premount_bring - of a set: have it where it can be attached in another namespace than the first
 *
 * It cannot be moved there: b->fds[i] becomes a clone, and the mount at the temporary mountpoint
 * goes. Return: 0 or a negative errno, logged.
 */
int premount_bring(struct build *b, uint32_t i);

#endif
