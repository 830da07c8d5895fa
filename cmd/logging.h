/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the library's log goes: stderr, or a file of -o. */
#ifndef REBIND_CMD_LOGGING_H
#define REBIND_CMD_LOGGING_H

#include <time.h>

#include "cmd/progress.h"
#include "base/text.h"

struct logging {
	int fd;		       /* of -o, or -EBADF */
	struct timespec start; /* lines of the file carry the time since then */
	struct strings errors; /* what was an error, for --json */
	bool failed;	       /* an error was logged: the user knows why */
	struct progress_line progress;
};

/**
 * logging_start - take the library's log from now on
 * @file: of -o, appended to; NULL: stderr
 * @level: of -v; 0: warnings and errors
 *
 * With a file, errors still go to stderr too. Return: 0 or a negative errno, printed.
 */
int logging_start(struct logging *logging, const char *file, int level);
void logging_stop(struct logging *logging);

/**
 * logging_note - write a line to the log file alone, if there is one
 */
void logging_note(struct logging *logging, const char *text);

#endif
