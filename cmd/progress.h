/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far an operation is, in one line on a terminal, when it takes longer than a second. */
#ifndef REBIND_CMD_PROGRESS_H
#define REBIND_CMD_PROGRESS_H

#include "include/rebind.h"

/* Zeroed, it shows nothing. */
struct progress_line {
	bool wanted;   /* stderr is a terminal, and nothing is said as JSON */
	int64_t start; /* milliseconds of CLOCK_MONOTONIC */
	size_t width;  /* of the line that stands there */
};

/**
 * progress_start - from now on
 */
void progress_start(struct progress_line *progress, bool json);

/**
 * progress_show - a rebind_progress_fn; @data is the struct progress_line
 */
void progress_show(void *data, const struct rebind_progress *now);

/**
 * progress_clear - take the line away: something else is to be printed, or it is over
 */
void progress_clear(struct progress_line *progress);

#endif
