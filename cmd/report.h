/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an operation tells its user: the log, the findings, the lines of a dry run; as text or JSON.
 */
#ifndef REBIND_CMD_REPORT_H
#define REBIND_CMD_REPORT_H

#include "cmd/json.h"
#include "cmd/logging.h"
#include "include/rebind.h"

/* The options behind it, for a verb's struct. */
struct report_options {
	const char *log_file;
	int level;
	bool json;
	const char *reader; /* of verbs that read mount tables */
};

#define REPORT_SPECS(type)                                                             \
	{ '\0',	       "json",                                                         \
	  OPTION_FLAG, offsetof(type, report.json),                                    \
	  NULL,	       "print what there is to say as JSON, to stdout" },              \
		{ 'o',	       "log-file",                                             \
		  OPTION_TEXT, offsetof(type, report.log_file),                        \
		  "FILE",      "append the log to FILE (errors go to stderr too)" },   \
	{                                                                              \
		'v', "verbosity", OPTION_LEVEL, offsetof(type, report.level), "LEVEL", \
			"log more: -v what is done, -vv for debugging"                 \
	}

struct report {
	const char *verb;
	struct logging logging;
	struct rebind *rebind; /* its log is the thread's: base/log.h */
	struct rebind_report *findings;
	bool shows_changed; /* of a dump */
	bool json, is_open;
	struct strings lines; /* of a dry run, with --json */
	pid_t holder;	      /* of --pidfile, or 0 */
	const char *outcome;  /* "nothing was written": of an operation that fails; or NULL */
};

/**
 * report_open - take the log, make a context and a report
 * @options: also of --reader, where a verb has that
 *
 * Return: 0 or a negative errno, printed.
 */
int report_open(struct report *report, const char *verb, const struct report_options *options);
void report_close(struct report *report);
#define cleanup_report cleanup(report_close)

/**
 * report_line - a rebind_line_fn; @data is the struct report
 */
void report_line(void *data, const char *line);

/**
 * report_print - all that is to be said, once, at the end
 * @err: of the operation
 *
 * What failed without a finding and without a line in the log gets one here.
 * Return: 0 or a negative errno.
 */
int report_print(struct report *report, int err);

/**
 * report_failed - the exit status of what failed
 * @failed: 1, or what else the verb has for that
 *
 * Return: STATUS_USAGE in the place of 1, if what is wrong is the command line.
 */
int report_failed(const struct report *report, int failed);

/**
 * report_print_findings - the findings, a line each, to stderr
 * @outcome: what became of the operation, or NULL
 *
 * A terminal gets the first 20 of each code, and then how many more there are.
 */
void report_print_findings(const struct rebind_report *findings, struct logging *logging,
			   const char *outcome);

/* "verb", "ok", and "errno" of what failed. */
void report_json_head(struct json *doc, const struct report *report, int err);

/* "findings" and "differences" of a JSON document. */
void report_json_findings(struct json *doc, const struct rebind_report *findings);
void report_json_differences(struct json *doc, const struct rebind_difference *const *list,
			     size_t n);

/**
 * report_print_difference - "path: field: left | right"
 */
void report_print_difference(void *file, const struct rebind_difference *difference);

#endif
