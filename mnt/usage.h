/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Malformed values of options: errors of the command line alone. They are found before an image or
 * a namespace is read, with the code "usage".
 */
#ifndef REBIND_MNT_USAGE_H
#define REBIND_MNT_USAGE_H

#include "include/rebind.h"
#include "model/findings.h"

/**
 * usage_check_dump, usage_check_restore - a finding for each malformed value
 *
 * @reader: of rebind_set_reader()
 *
 * external_options_parse() checks the values of --external.
 */
void usage_check_dump(const struct rebind_dump_options *options, const char *reader,
		      struct findings *findings);
void usage_check_restore(const struct rebind_restore_options *options, const char *reader,
			 struct findings *findings);

#endif
