// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/report.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/path.h"
#include "cmd/cmd.h"
#include "cmd/errors.h"

#define SHOWN 20 /* findings of a kind, on a terminal */

/* Said as text: there is no other way. */
static int cannot_write_json(struct report *report, const char *reason)
{
	errors_say("cannot write JSON: libjansson cannot be loaded: %s", reason);
	errors_answered();
	logging_stop(&report->logging);
	return -ELIBACC;
}

int report_open(struct report *report, const char *verb, const struct report_options *options)
{
	const char *reason;
	int err = logging_start(&report->logging, options->log_file, options->level);

	if (err)
		return err;
	if (options->json && json_load(&reason))
		return cannot_write_json(report, reason);
	report->verb = verb;
	report->json = options->json;
	report->findings = rebind_report_new();
	report->rebind = rebind_new();
	report->is_open = true;
	if (report->findings && report->rebind &&
	    !rebind_set_reader(report->rebind, options->reader))
		return 0;
	errors_say("%s", strerror(ENOMEM));
	return -ENOMEM;
}

void report_close(struct report *report)
{
	if (!report->is_open)
		return;
	logging_stop(&report->logging);
	rebind_report_free(report->findings);
	rebind_free(report->rebind);
	strings_free(&report->lines);
	report->is_open = false;
}

void report_line(void *data, const char *line)
{
	struct report *report = data;
	cleanup_free char *safe = NULL;

	if (report->json) {
		strings_add(&report->lines, line, strlen(line));
		return;
	}
	progress_clear(&report->logging.progress);
	safe = text_safe(line);
	puts(safe ? safe : "");
}

/* ---- text ---- */

/* "PATH (mount ID): TEXT; HELP" */
static char *finding_line(const struct rebind_finding *finding, bool with_help)
{
	cleanup_free char *path = finding->path ? path_printable(finding->path) : NULL;
	cleanup_free char *text = text_safe(finding->text ? finding->text : finding->code);
	cleanup_free char *help = with_help && finding->help ? text_safe(finding->help) : NULL;
	char where[32] = "", *line;

	if (finding->mount_id)
		snprintf(where, sizeof(where), path ? " (mount %u)" : "mount %u",
			 finding->mount_id);
	if (asprintf(&line, "%s%s%s%s%s%s", path ? path : "", where, path || *where ? ": " : "",
		     text ? text : "", help ? "; " : "", help ? help : "") < 0)
		return NULL;
	return line;
}

/* How many there are of each code, in the order in which they are met. */
struct kinds {
	struct {
		const char *code;
		size_t n;
	} list[64];
	size_t n;
};

/* Return: how many of this code there are with this one; 1 where the list is full. */
static size_t count_kind(struct kinds *kinds, const char *code)
{
	size_t i = 0;

	while (i < kinds->n && strcmp(kinds->list[i].code, code) != 0)
		i++;
	if (i == ARRAY_SIZE(kinds->list))
		return 1;
	if (i == kinds->n)
		kinds->list[kinds->n++].code = code;
	return ++kinds->list[i].n;
}

/* "2,980" */
static const char *with_commas(size_t n, char buf[32])
{
	char digits[24];
	int size = snprintf(digits, sizeof(digits), "%zu", n);
	char *out = buf;

	for (int i = 0; i < size; i++) {
		if (i && (size - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	return buf;
}

static bool has_same_help(const struct rebind_finding *a, const struct rebind_finding *b)
{
	return a->mount_id && a->mount_id == b->mount_id && a->help && b->help &&
	       strcmp(a->code, b->code) == 0 && strcmp(a->help, b->help) == 0;
}

/* @outcome: what became of the operation, or NULL */
static void print_sums(const struct kinds *kinds, const char *outcome)
{
	char number[32];

	for (size_t i = 0; i < kinds->n; i++)
		if (kinds->list[i].n > SHOWN)
			fprintf(stderr, "rebind: %s: %s more; --json lists all%s%s\n",
				kinds->list[i].code, with_commas(kinds->list[i].n - SHOWN, number),
				outcome ? "; " : "", outcome ? outcome : "");
}

void report_print_findings(const struct rebind_report *findings, struct logging *logging,
			   const char *outcome)
{
	size_t n = rebind_report_n_findings(findings);
	bool all = !isatty(STDERR_FILENO);
	struct kinds kinds = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct rebind_finding *finding = rebind_report_finding(findings, i);
		size_t nth = count_kind(&kinds, finding->code);
		bool last = i + 1 == n || (nth == SHOWN && !all);
		/* Of several about a mount, one has the advice: it is pasted once. */
		bool with_help =
			last || !has_same_help(finding, rebind_report_finding(findings, i + 1));
		cleanup_free char *line = finding_line(finding, with_help);

		if (nth <= SHOWN || all)
			fprintf(stderr, "rebind: %s\n", line ? line : finding->code);
		if (logging && line)
			logging_note(logging, line);
	}
	if (!all)
		print_sums(&kinds, outcome);
}

void report_print_difference(void *file, const struct rebind_difference *difference)
{
	cleanup_free char *path = path_printable(difference->path ? difference->path : "-");
	/* The kernel has escaped what is odd in options. */
	bool escaped = strcmp(difference->field, "options") == 0;
	char *(*safe)(const char *) = escaped ? text_safe : path_printable;
	cleanup_free char *left = safe(difference->left ? difference->left : "-");
	cleanup_free char *right = safe(difference->right ? difference->right : "-");

	fprintf(file, "%s: %s: %s | %s\n", path ? path : "", difference->field, left ? left : "",
		right ? right : "");
}

/* What a restored namespace has otherwise than planned. */
static void print_differences(const struct rebind_report *findings)
{
	for (size_t i = 0; i < rebind_report_n_differences(findings); i++) {
		fputs("rebind: ", stderr);
		report_print_difference(stderr, rebind_report_difference(findings, i));
	}
}

/* ---- JSON ---- */

void report_json_findings(struct json *doc, const struct rebind_report *findings)
{
	struct json_t *array = json_add_list(doc, doc->root, "findings");

	for (size_t i = 0; i < rebind_report_n_findings(findings); i++) {
		const struct rebind_finding *finding = rebind_report_finding(findings, i);
		struct json_t *item = json_add_item(doc, array);

		json_add_text(doc, item, "code", finding->code);
		if (finding->mount_id)
			json_add_number(doc, item, "mount_id", finding->mount_id);
		json_add_optional(doc, item, "path", finding->path);
		json_add_text(doc, item, "text", finding->text);
		json_add_optional(doc, item, "help", finding->help);
	}
}

void report_json_differences(struct json *doc, const struct rebind_difference *const *list,
			     size_t n)
{
	struct json_t *array = json_add_list(doc, doc->root, "differences");

	for (size_t i = 0; i < n; i++) {
		struct json_t *item = json_add_item(doc, array);

		json_add_text(doc, item, "path", list[i]->path);
		json_add_text(doc, item, "field", list[i]->field);
		json_add_text(doc, item, "left", list[i]->left);
		json_add_text(doc, item, "right", list[i]->right);
	}
}

static void json_all_differences(struct json *doc, const struct rebind_report *findings)
{
	size_t n = rebind_report_n_differences(findings);
	cleanup_free const struct rebind_difference **pointers = calloc(n + 1, sizeof(*pointers));

	doc->broken |= !pointers;
	for (size_t i = 0; pointers && i < n; i++)
		pointers[i] = rebind_report_difference(findings, i);
	if (pointers)
		report_json_differences(doc, pointers, n);
}

void report_json_head(struct json *doc, const struct report *report, int err)
{
	json_add_text(doc, doc->root, "verb", report->verb);
	json_add_bool(doc, doc->root, "ok", err >= 0);
	json_add_optional(doc, doc->root, "errno", err < 0 ? strerrorname_np(-err) : NULL);
}

static void json_changed(struct json *doc, const struct rebind_report *findings)
{
	struct json_t *array = json_add_list(doc, doc->root, "changed");

	for (size_t i = 0; i < rebind_report_n_changed(findings); i++) {
		const struct rebind_changed *changed = rebind_report_changed(findings, i);
		struct json_t *item = json_add_item(doc, array);

		json_add_number(doc, item, "mount_id", changed->mount_id);
		json_add_text(doc, item, "path", changed->path);
	}
}

static int print_json(const struct report *report, int err)
{
	cleanup_json struct json doc;

	json_start(&doc);
	report_json_head(&doc, report, err);
	if (report->holder > 0)
		json_add_number(&doc, doc.root, "holder", (uint64_t)report->holder);
	report_json_findings(&doc, report->findings);
	json_all_differences(&doc, report->findings);
	if (report->shows_changed)
		json_changed(&doc, report->findings);
	json_add_lines(&doc, "errors", &report->logging.errors);
	json_add_lines(&doc, "lines", &report->lines);
	return json_print(&doc);
}

/* ---- both ---- */

static bool is_explained(const struct report *report)
{
	return report->logging.failed || rebind_report_n_findings(report->findings) ||
	       rebind_report_n_differences(report->findings);
}

int report_failed(const struct report *report, int failed)
{
	for (size_t i = 0; i < rebind_report_n_findings(report->findings); i++)
		if (failed == STATUS_FAILED &&
		    rebind_report_finding(report->findings, i)->number == REBIND_FINDING_USAGE)
			return STATUS_USAGE;
	return failed;
}

int report_print(struct report *report, int err)
{
	int print_err = 0;

	if (!report->json) {
		report_print_findings(report->findings, &report->logging,
				      err < 0 ? report->outcome : NULL);
		print_differences(report->findings);
	}
	if (err < 0 && !is_explained(report))
		fprintf(stderr, "rebind: cannot %s: %s\n", report->verb, log_errno(err));
	if (report->json)
		print_err = print_json(report, err);
	return err < 0 ? err : print_err;
}
