/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Mounts that come along with a volume: parts of it that are bound elsewhere, mounts below its
 * source that came with an rbind, and binds of those.
 */
#ifndef REBIND_MNT_SUBMOUNTS_H
#define REBIND_MNT_SUBMOUNTS_H

#include "mnt/external.h"
#include "model/root-index.h"

struct submounts {
	struct root_index parts;
	const struct mount **volumes; /* by index: with which it came along */
};

void submounts_free(struct submounts *submounts);

/**
 * submounts_decide - rule 2: mounts that came along with the declared ones
 * @ret: empty at first
 *
 * A bind of an external mount shows a part of it; a submount of an rbind volume is in the caller's
 * namespace as well. Parents come first, so what came along can bring others along. Return: 0 or
 * -ENOMEM.
 */
int submounts_decide(struct external_input *in, struct submounts *ret);

/**
 * submounts_follow - when the internal mounts are known: binds of mounts that came along
 *
 * They are found below the same volume, wherever they are themselves. Return: 0 or -ENOMEM.
 */
int submounts_follow(struct external_input *in, struct submounts *submounts);

#endif
