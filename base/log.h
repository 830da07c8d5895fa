/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The log of this thread: a plugin's print_on_level() has no argument that could carry one. Each
 * function of include/rebind.h sets it from its context for the length of the call (api/call.h). A
 * forked child begins with that of the thread that forked it.
 */
#ifndef REBIND_BASE_LOG_H
#define REBIND_BASE_LOG_H

#include "base/util.h"

/* CRIU's levels, which plugins name by number (criu-log.h). */
enum log_level {
	LOG_MSG = 0,
	LOG_ERROR = 1,
	LOG_WARN = 2,
	LOG_INFO = 3,
	LOG_DEBUG = 4,
};

/* Takes one line, without a newline. */
typedef void (*log_sink_fn)(void *data, enum log_level level, const char *line);

/**
 * log_to - where lines go from now on
 * @sink: called for each line up to @max; NULL for stderr
 * @data: handed to @sink
 */
void log_to(log_sink_fn sink, void *data, enum log_level max);

/**
 * log_save, log_restore - for a library call that must leave its caller's log as it was
 */
struct log_state {
	log_sink_fn sink;
	void *data;
	enum log_level max;
};
struct log_state log_save(void);
void log_restore(struct log_state state);

/**
 * log_pass - hand a line to a log that was saved, if it wants that level
 */
void log_pass(const struct log_state *to, enum log_level level, const char *line);

/* Lines that are kept back: what they say may turn out not to matter. */
struct log_held {
	struct log_state before;
	struct log_held_line *list;
	size_t n;
};

/**
 * log_hold - keep lines back from now on
 */
void log_hold(struct log_held *held);

/**
 * log_let_go - go on as before
 * @show: write what was kept back, else forget it
 */
void log_let_go(struct log_held *held, bool show);

/**
 * log_held_error - Return: the first error among what is held back, or NULL.
 */
const char *log_held_error(const struct log_held *held);

enum log_level log_max(void);

/**
 * log_line - write a line, if its level is wanted
 */
void log_line(enum log_level level, const char *format, ...) printf_like(2, 3);
void log_vline(enum log_level level, const char *format, __builtin_va_list args);

#define log_info(...)  log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

/**
 * log_errno - as strerror(3), of a negative errno
 *
 * child_wait()'s -ECHILD in our own words: strerror's are about another thing.
 */
const char *log_errno(int err);

/**
 * log_error - report an error where it is understood, and pass it on
 * @err: a negative errno; its text follows the message
 *
 * Only the first error of an operation is reported; what fails because of it is passed on without a
 * message (`return err`). An @err of 0 prints the message alone, and what fails because it was
 * cancelled (cancel.h) prints nothing.
 *
 * Return: @err.
 */
int log_error(int err, const char *format, ...) printf_like(2, 3);

#endif
