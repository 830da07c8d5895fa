// SPDX-License-Identifier: LGPL-2.1-or-later
/* rebind.h's rebind_report. */
#include "api/library.h"

struct rebind_report *rebind_report_new(void)
{
	return calloc(1, sizeof(struct rebind_report));
}

void report_forget_error(struct rebind_report *report)
{
	free((char *)report->error.text);
	report->error = (struct rebind_error){ 0 };
}

void rebind_report_free(struct rebind_report *report)
{
	if (!report)
		return;
	findings_free(&report->findings);
	differences_free(&report->differences);
	changes_free(&report->changes);
	report_forget_error(report);
	free(report);
}

size_t rebind_report_n_findings(const struct rebind_report *report)
{
	return report->findings.n;
}

size_t rebind_report_n_differences(const struct rebind_report *report)
{
	return report->differences.n;
}

size_t rebind_report_n_changed(const struct rebind_report *report)
{
	return report->changes.n;
}

/* The public structs have the fields of the private ones, in their order. */
const struct rebind_finding *rebind_report_finding(const struct rebind_report *report, size_t index)
{
	_Static_assert(sizeof(struct rebind_finding) == sizeof(struct finding), "the same fields");
	return index < report->findings.n
		       ? (const struct rebind_finding *)&report->findings.list[index]
		       : NULL;
}

const struct rebind_difference *rebind_report_difference(const struct rebind_report *report,
							 size_t index)
{
	_Static_assert(sizeof(struct rebind_difference) == sizeof(struct difference),
		       "the same fields");
	return index < report->differences.n
		       ? (const struct rebind_difference *)&report->differences.list[index]
		       : NULL;
}

const struct rebind_changed *rebind_report_changed(const struct rebind_report *report, size_t index)
{
	_Static_assert(sizeof(struct rebind_changed) == sizeof(struct change), "the same fields");
	return index < report->changes.n
		       ? (const struct rebind_changed *)&report->changes.list[index]
		       : NULL;
}

const struct rebind_error *rebind_report_error(const struct rebind_report *report)
{
	return report->error.text ? &report->error : NULL;
}
