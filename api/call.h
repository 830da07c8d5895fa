/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A call of the library: between call_begin() and its end, this thread has the log and the
 * cancellation of its context. Calls may be nested: a caller's function may use the library.
 */
#ifndef REBIND_API_CALL_H
#define REBIND_API_CALL_H

#include "api/library.h"
#include "base/cancel.h"
#include "base/log.h"

struct rebind {
	rebind_log_fn log;
	void *log_data;
	enum rebind_log_level log_max;
	char *reader;
	int cancel_fd;
};

struct call {
	struct log_state before, to;
	struct cancel cancel;
	struct rebind_report *report;
};

/**
 * call_begin - as the context says from now on
 * @rebind: NULL: the log stays what it is for this thread, and nothing cancels
 * @report: gets the first line that is an error; or NULL
 */
void call_begin(struct call *call, const struct rebind *rebind, struct rebind_report *report);

/**
 * call_end - as it was before
 */
void call_end(struct call *call);
#define cleanup_call cleanup(call_end)

/**
 * call_result - what a call returns, which the report gets too
 *
 * What fails because of a cancellation is -ECANCELED, whatever failed first. Return: @err or that.
 */
int call_result(const struct call *call, int err);

/**
 * call_reader - of rebind_set_reader(), or NULL
 */
const char *call_reader(const struct rebind *rebind);

#endif
