/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How far an operation is, in one line on a terminal, when it takes longer than a second. */
#ifndef REBIND_CMD_PROGRESS_H
#define REBIND_CMD_PROGRESS_H

#include "include/rebind.h"

/* Zeroed, it shows nothing. */
struct progress_line {
	bool wanted;	     /* stderr is a terminal, and nothing is said as JSON */
	int64_t start;	     /* milliseconds of CLOCK_MONOTONIC */
	size_t width;	     /* of the line that stands there */
	int64_t bytes_start; /* when the first bytes were told, or 0 */
	bool catches;	     /* SIGINT */
	int to_fd;	     /* of --progress-fd, or 0 */
};

/**
 * progress_start - from now on
 * @to_fd: of --progress-fd, or 0
 * @outcome: what Ctrl-C leaves: "no image was written"; it is said on the terminal then
 */
void progress_start(struct progress_line *progress, bool json, int64_t to_fd, const char *outcome);

/**
 * progress_end - it is over: the line goes, and a signal has its own meaning again
 */
void progress_end(struct progress_line *progress);

/**
 * progress_show - a rebind_progress_fn; @data is the struct progress_line
 */
void progress_show(void *data, const struct rebind_progress *now);

/**
 * progress_clear - take the line away: something else is to be printed
 */
void progress_clear(struct progress_line *progress);

#endif
