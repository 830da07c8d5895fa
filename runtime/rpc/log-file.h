/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log of one request: the file that the client reads if something fails. Lines have the form
 * that runtimes search for: "(00.000123) Error (rebind): ...".
 */
#ifndef REBIND_RUNTIME_RPC_LOG_FILE_H
#define REBIND_RUNTIME_RPC_LOG_FILE_H

#include <time.h>

#include "base/util.h"
#include "include/rebind.h"

struct log_file {
	int fd; /* or negative: there is none */
	bool to_stderr;
	struct timespec start;
	char *first_error; /* without the stamp; NULL: there was none */
};

#define LOG_FILE_NONE        \
	(struct log_file)    \
	{                    \
		.fd = -EBADF \
	}

/**
 * log_file_start - take the library's log from now on
 * @dir_fd, @name: the file is made, or emptied; NULL: there is none
 * @level: CRIU's, 0 to 4
 *
 * Return: 0 or a negative errno; the log is taken in any case.
 */
int log_file_start(struct log_file *log, int dir_fd, const char *name, int level);

/**
 * log_file_stop - give the library's log back
 */
void log_file_stop(struct log_file *log);

#endif
