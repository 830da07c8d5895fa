/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts, so far descriptors, attached at their mountpoints. */
#ifndef REBIND_MNT_ATTACH_H
#define REBIND_MNT_ATTACH_H

#include "mnt/build/context.h"

/**
 * attach_mount - PLAN_ATTACH, PLAN_MOVE: attach a mount at its mountpoint
 *
 * The mountpoint is resolved inside the parent mount by descriptor, without following a symlink,
 * leaving that mount or crossing another one. A premount is moved with MS_MOVE and its temporary
 * mountpoint is removed. A mountpoint that is missing, behind a symlink, or of the wrong kind is a
 * finding; the build goes on.
 *
 * Return: 0 or a negative errno, logged.
 */
int attach_mount(struct build *b, uint32_t i);

/**
 * attach_reserve - PLAN_RESERVE: open the mountpoint of a mount that is created later
 */
int attach_reserve(struct build *b, uint32_t i);

#endif
