/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Values of options that nothing could make right: what is wrong with the command line alone. They
 * are found before an image or a namespace is looked at, with the code "usage".
 */
#ifndef REBIND_MNT_USAGE_H
#define REBIND_MNT_USAGE_H

#include "include/rebind.h"
#include "model/findings.h"

/**
 * usage_check_dump, usage_check_restore - a finding for each value that has not the form it must have
 *
 * Words of --external are external_options_parse()'s.
 */
void usage_check_dump(const struct rebind_dump_options *options, struct findings *findings);
void usage_check_restore(const struct rebind_restore_options *options, struct findings *findings);

#endif
