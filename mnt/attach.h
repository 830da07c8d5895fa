/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Descriptors into their places. */
#ifndef REBIND_MNT_ATTACH_H
#define REBIND_MNT_ATTACH_H

#include "mnt/build/context.h"

/**
 * attach_mount - PLAN_ATTACH, PLAN_MOVE: put a mount into its place
 *
 * The place is resolved inside the parent mount by descriptor: no symlinks, no way out, no other
 * mount crossed. A premount is moved with MS_MOVE and its temporary mountpoint removed. A place
 * that is missing, is reached through a symlink, or is of the other kind is a finding; the build
 * goes on.
 *
 * Return: 0 or a negative errno, logged.
 */
int attach_mount(struct build *b, uint32_t i);

/**
 * attach_reserve - PLAN_RESERVE: a descriptor of the place of a mount that is made later
 */
int attach_reserve(struct build *b, uint32_t i);

#endif
