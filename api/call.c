// SPDX-License-Identifier: LGPL-2.1-or-later
#include "api/call.h"

#include <stdio.h>
#include <string.h>

struct rebind *rebind_new(void)
{
	struct rebind *rebind = calloc(1, sizeof(*rebind));

	if (rebind)
		rebind->cancel_fd = -EBADF;
	return rebind;
}

void rebind_free(struct rebind *rebind)
{
	if (!rebind)
		return;
	free(rebind->reader);
	free(rebind);
}

void rebind_set_log(struct rebind *rebind, rebind_log_fn fn, void *data, enum rebind_log_level max)
{
	rebind->log = fn;
	rebind->log_data = data;
	rebind->log_max = max;
}

int rebind_set_reader(struct rebind *rebind, const char *reader)
{
	char *copy = reader ? strdup(reader) : NULL;

	if (reader && !copy)
		return -ENOMEM;
	free(rebind->reader);
	rebind->reader = copy;
	return 0;
}

void rebind_set_cancel_fd(struct rebind *rebind, int fd)
{
	rebind->cancel_fd = fd;
}

const char *call_reader(const struct rebind *rebind)
{
	return rebind ? rebind->reader : NULL;
}

/* ---- the log of a call ---- */

/* A line names a mount in one way: "mount 42 '/x'". */
static uint32_t find_mount(const char *line)
{
	const char *mount = strstr(line, "mount ");
	unsigned int id;

	return mount && sscanf(mount, "mount %u", &id) == 1 ? id : 0;
}

static void note_error(struct rebind_report *report, const char *line)
{
	if (report->error.text)
		return;
	report->error = (struct rebind_error){
		.size = sizeof(report->error),
		.mount_id = find_mount(line),
		.text = strdup(line),
	};
}

static void take_line(void *data, enum log_level level, const char *line)
{
	const struct call *call = data;

	if (level == LOG_ERROR && call->report)
		note_error(call->report, line);
	log_pass(&call->to, level, line);
}

static void pass_line(void *data, enum log_level level, const char *line)
{
	const struct rebind *rebind = data;

	rebind->log(rebind->log_data, (enum rebind_log_level)level, line);
}

static struct log_state log_of(const struct rebind *rebind)
{
	if (!rebind || !rebind->log)
		return log_save();
	return (struct log_state){
		.sink = pass_line,
		.data = (void *)rebind,
		.max = (enum log_level)rebind->log_max,
	};
}

void call_begin(struct call *call, const struct rebind *rebind, struct rebind_report *report)
{
	*call = (struct call){
		.before = log_save(),
		.to = log_of(rebind),
		.report = report,
		.cancel = cancel_swap((struct cancel){ .fd = rebind ? rebind->cancel_fd : -1 }),
	};
	if (report)
		report_forget_error(report);
	log_to(take_line, call, call->to.max < LOG_ERROR ? LOG_ERROR : call->to.max);
}

void call_end(struct call *call)
{
	log_restore(call->before);
	cancel_swap(call->cancel);
}

int call_result(const struct call *call, int err)
{
	if (err < 0 && cancel_is_seen())
		err = -ECANCELED;
	if (call->report && err >= 0)
		report_forget_error(call->report);
	if (call->report && call->report->error.text)
		call->report->error.error = err;
	return err;
}
