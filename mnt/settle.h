/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the mounts of an image become on this host, decided before anything is built. */
#ifndef REBIND_MNT_SETTLE_H
#define REBIND_MNT_SETTLE_H

#include "mnt/source/source.h"

/**
 * settle_mounts - find the sources, and adapt the records to this host
 * @input: its tree is changed: kinds that no record tells, restrictions of sources, labels,
 *         cgroups, relations to the host's peer groups, and masks that are left out. Afterwards it
 *         is const
 *
 * Return: 0, also with findings; or a negative errno, logged.
 */
int settle_mounts(struct source_input *input, struct sources *ret);

#endif
