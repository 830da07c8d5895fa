// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/log-file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"

static const char *level_word(enum log_level level)
{
	return level == LOG_ERROR  ? "Error (rebind): "
	       : level == LOG_WARN ? "Warn  (rebind): "
				   : "";
}

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void take_line(void *data, enum log_level level, const char *line)
{
	struct log_file *log = data;
	cleanup_free char *safe = text_safe(line);

	if (!safe)
		return;
	if (log->fd >= 0)
		dprintf(log->fd, "(%09.6f) %s%s\n", seconds_since(&log->start), level_word(level),
			safe);
	if (log->fd < 0 || log->to_stderr)
		fprintf(stderr, "rebind: %s\n", safe);
	if (level == LOG_ERROR && !log->first_error)
		log->first_error = take_ptr(&safe);
}

static int open_file(struct log_file *log, int dir_fd, const char *name)
{
	/* CRIU's clients expect the file to be emptied. A symlink is not followed. */
	int fd = openat(dir_fd, name,
			O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_NONBLOCK |
				O_NOCTTY | O_CLOEXEC,
			0600);

	if (fd < 0)
		return -errno;
	log->fd = fd;
	return 0;
}

int log_file_start(struct log_file *log, int dir_fd, const char *name, int level)
{
	bool to_stderr = log->to_stderr;

	*log = LOG_FILE_NONE;
	log->to_stderr = to_stderr;
	clock_gettime(CLOCK_MONOTONIC, &log->start);
	int err = name ? open_file(log, dir_fd, name) : 0;

	level = level < LOG_ERROR ? LOG_ERROR : level;
	level = level > LOG_DEBUG ? LOG_DEBUG : level;
	/* Without a file the log goes to stderr, unasked: only warnings and errors. */
	if (log->fd < 0 && !to_stderr && level > LOG_WARN)
		level = LOG_WARN;
	log_to(take_line, log, (enum log_level)level);
	return err;
}

void log_file_stop(struct log_file *log)
{
	log_to(NULL, NULL, LOG_WARN);
	fd_close(&log->fd);
	free(log->first_error);
	*log = LOG_FILE_NONE;
}
