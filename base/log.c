// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"

static _Thread_local struct log_state state = { .max = LOG_WARN };

void log_to(log_sink_fn sink, void *data, enum log_level max)
{
	state = (struct log_state){ .sink = sink, .data = data, .max = max };
}

struct log_state log_save(void)
{
	return state;
}

void log_restore(struct log_state saved)
{
	state = saved;
}

struct log_held_line {
	enum log_level level;
	char *line;
};

static void hold_line(void *data, enum log_level level, const char *line)
{
	struct log_held *held = data;
	struct log_held_line *list = realloc(held->list, (held->n + 1) * sizeof(*list));

	if (!list)
		return;
	held->list = list;
	list[held->n++] = (struct log_held_line){ .level = level, .line = strdup(line) };
}

void log_hold(struct log_held *held)
{
	*held = (struct log_held){ .before = log_save() };
	log_to(hold_line, held, held->before.max);
}

const char *log_held_error(const struct log_held *held)
{
	for (size_t i = 0; i < held->n; i++)
		if (held->list[i].level == LOG_ERROR)
			return held->list[i].line;
	return NULL;
}

void log_let_go(struct log_held *held, bool show)
{
	log_restore(held->before);
	for (size_t i = 0; i < held->n; i++) {
		if (show && held->list[i].line)
			log_line(held->list[i].level, "%s", held->list[i].line);
		free(held->list[i].line);
	}
	free(held->list);
	*held = (struct log_held){ 0 };
}

enum log_level log_max(void)
{
	return state.max;
}

void log_pass(const struct log_state *to, enum log_level level, const char *line)
{
	static const char *const names[] = { "", "", "warning: ", "", "" };

	if (level > to->max)
		return;
	if (to->sink) {
		to->sink(to->data, level, line);
		return;
	}
	dprintf(STDERR_FILENO, "rebind: %s%s\n", level <= LOG_DEBUG ? names[level] : "", line);
}

void log_vline(enum log_level level, const char *format, va_list args)
{
	int saved = errno;
	char buf[512], *line = buf;
	cleanup_free char *large = NULL;
	va_list again;

	if (level > state.max)
		return;
	va_copy(again, args);
	int n = vsnprintf(buf, sizeof(buf), format, args);

	if (n >= (int)sizeof(buf)) {
		large = malloc((size_t)n + 1);
		if (large) {
			vsnprintf(large, (size_t)n + 1, format, again);
			line = large;
		}
	}
	va_end(again);
	log_pass(&state, level, line);
	errno = saved;
}

void log_line(enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_vline(level, format, args);
	va_end(args);
}

const char *log_errno(int err)
{
	return err == -ECHILD ? "a process of rebind's was killed, or ended early" : strerror(-err);
}

int log_error(int err, const char *format, ...)
{
	cleanup_free char *message = NULL;
	va_list args;

	/* The caller wanted it, and knows why. */
	if (err == -ECANCELED && cancel_is_seen())
		return err;
	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	/* Once: what was quoted may say it already. */
	if (err && !strstr(message ? message : format, strerror(-err)))
		log_line(LOG_ERROR, "%s: %s", message ? message : format, log_errno(err));
	else
		log_line(LOG_ERROR, "%s", message ? message : format);
	return err;
}
