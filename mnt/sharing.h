/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Peer groups and masters, when the tree is complete. */
#ifndef REBIND_MNT_SHARING_H
#define REBIND_MNT_SHARING_H

#include "mnt/build/context.h"

/**
 * sharing_step - PLAN_ANCHOR, PLAN_ANCHOR_HOST, PLAN_ANCHOR_NEW, PLAN_SHARE, PLAN_JOIN,
 *		  PLAN_JOIN_HOST, PLAN_SLAVE, PLAN_UNBINDABLE
 * Return: 0 or a negative errno, logged.
 */
int sharing_step(struct build *b, const struct plan_step *step);

#endif
