/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts of a dump that have no owner: why, and what would give them one. */
#ifndef REBIND_MNT_UNDECIDED_H
#define REBIND_MNT_UNDECIDED_H

#include "mnt/external.h"

/**
 * undecided_refuse - a finding for each mount that nothing claims
 *
 * To be called when the plugins were asked and external_detect() is done. Only what would work is
 * advised: each option is tried on the model before it is named.
 *
 * Return: 0 (look at the findings) or -ENOMEM.
 */
int undecided_refuse(const struct external_input *input);

#endif
