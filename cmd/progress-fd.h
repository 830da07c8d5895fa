/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* --progress-fd: how far an operation is, for a program. */
#ifndef REBIND_CMD_PROGRESS_FD_H
#define REBIND_CMD_PROGRESS_FD_H

#include "include/rebind.h"

#define PROGRESS_FD_SPEC(type)                                                         \
	{                                                                              \
		'\0', "progress-fd", OPTION_NUMBER, offsetof(type, progress_fd), "N",  \
			"write progress to descriptor N, as lines of JSON", 1, INT_MAX \
	}

/**
 * progress_fd_open - is it one that can be written to? No command or plugin inherits it from now on.
 * @fd: of the option, or 0 where it is not given
 *
 * Return: 0 or an exit status, printed.
 */
int progress_fd_open(const char *verb, int64_t fd);

/**
 * progress_fd_tell - write a line
 *
 * A reader that is slow misses lines, and one that is gone all of them: the work does not wait.
 */
void progress_fd_tell(int fd, const struct rebind_progress *now);

#endif
