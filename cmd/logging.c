// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/logging.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/errors.h"

static const char *level_name(enum log_level level)
{
	return level == LOG_ERROR ? "error: " : level == LOG_WARN ? "warning: " : "";
}

static void write_line(const struct logging *logging, const char *prefix, const char *line)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t us = (now.tv_sec - logging->start.tv_sec) * INT64_C(1000000) +
		     (now.tv_nsec - logging->start.tv_nsec) / 1000;

	dprintf(logging->fd, "(%02lld.%06lld) %s%s\n", (long long)(us / 1000000),
		(long long)(us % 1000000), prefix, line);
}

/* The library's log. Lines carry names from images and namespaces: a terminal gets them escaped. */
static void take_line(void *data, enum log_level level, const char *line)
{
	struct logging *logging = data;
	cleanup_free char *safe = text_safe(line);
	bool is_error = level == LOG_ERROR;

	if (is_error) {
		logging->failed = true;
		strings_add(&logging->errors, line, strlen(line));
	}
	if (!safe)
		return;
	if (logging->fd >= 0)
		write_line(logging, level_name(level), safe);
	if (logging->fd >= 0 && !is_error)
		return;
	progress_clear(&logging->progress);
	fprintf(stderr, "rebind: %s%s\n", is_error ? "" : level_name(level), safe);
}

int logging_start(struct logging *logging, const char *file, int level)
{
	*logging = (struct logging){ .fd = -EBADF };
	clock_gettime(CLOCK_MONOTONIC, &logging->start);
	if (file) {
		logging->fd =
			open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
		if (logging->fd < 0) {
			int err = -errno;

			errors_say("cannot open the log file '%s': %s", file, strerror(-err));
			return err;
		}
	}
	log_to(take_line, logging, level ? (enum log_level)level : LOG_WARN);
	return 0;
}

void logging_stop(struct logging *logging)
{
	log_to(NULL, NULL, LOG_WARN);
	if (logging->fd >= 0)
		close(logging->fd);
	strings_free(&logging->errors);
	*logging = (struct logging){ .fd = -EBADF };
}

void logging_note(struct logging *logging, const char *text)
{
	if (logging->fd >= 0)
		write_line(logging, "", text);
}
