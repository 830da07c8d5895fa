/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scan -> external -> validate -> contents -> image */
#ifndef REBIND_MNT_DUMP_H
#define REBIND_MNT_DUMP_H

#include "include/rebind.h"
#include "model/changes.h"
#include "model/findings.h"

/**
 * dump_run - rebind_dump() with lists instead of a report
 * @reader: of rebind_set_reader()
 */
int dump_run(const struct rebind_dump_options *options, const char *reader,
	     struct findings *findings, struct changes *changes);

#endif
