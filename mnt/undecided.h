/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Unclaimed mounts of a dump: the reason, and the option that would give each an owner. */
#ifndef REBIND_MNT_UNDECIDED_H
#define REBIND_MNT_UNDECIDED_H

#include "mnt/external.h"

/**
 * undecided_refuse - a finding for each unclaimed mount
 *
 * Call it after the plugins were asked and external_detect() is done. It advises only options that
 * would work: each is tried on the model before it is named.
 *
 * Return: 0 (look at the findings) or -ENOMEM.
 */
int undecided_refuse(const struct external_input *input);

#endif
