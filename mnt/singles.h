/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Filesystems of which another namespace has one. */
#ifndef REBIND_MNT_SINGLES_H
#define REBIND_MNT_SINGLES_H

#include "mnt/external.h"

/**
 * singles_gives_way - is it of another namespace than another mount of its type, which is preferred
 *
 * What is external or skipped stands in no other's way.
 */
bool singles_gives_way(const struct external_input *in, const struct mount *m);

#endif
