// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/json.h"
#include "cmd/options.h"
#include "cmd/report.h"

struct check_args {
	struct report_options report;
};

static const struct option_spec specs[] = {
	REPORT_SPECS(struct check_args),
};

static const char *const synopsis[] = { "check [options]", NULL };

static const struct option_set options = {
	.verb = "check",
	.synopsis = synopsis,
	.specs = specs,
	.n_specs = ARRAY_SIZE(specs),
};

struct check_output {
	bool as_json;
	struct json doc;
	struct json_t *probes;
};

static void print_probe(const struct rebind_probe *probe)
{
	const char *word = probe->ok ? "ok" : probe->required ? "MISSING" : "missing";
	cleanup_free char *detail = text_safe(probe->detail ? probe->detail : "");
	bool says_more = detail && *detail && strcmp(detail, "ok") != 0;

	if (says_more)
		printf("%-24s %-8s %s\n", probe->name, word, detail);
	else
		printf("%-24s %s\n", probe->name, word);
}

static void take_probe(void *data, const struct rebind_probe *probe)
{
	struct check_output *out = data;

	if (!out->as_json) {
		print_probe(probe);
		return;
	}
	struct json_t *item = json_add_item(&out->doc, out->probes);

	json_add_text(&out->doc, item, "name", probe->name);
	json_add_bool(&out->doc, item, "ok", probe->ok);
	json_add_bool(&out->doc, item, "required", probe->required);
	json_add_text(&out->doc, item, "detail", probe->detail);
}

/* Not with --json: that would have failed without it. */
static void print_jansson(void)
{
	const char *reason;
	cleanup_free char *detail = NULL;
	struct rebind_probe probe = { .name = "libjansson", .ok = !json_load(&reason) };

	if (!probe.ok && asprintf(&detail, "%s: --json and --bundle do not work", reason) < 0)
		detail = NULL;
	probe.detail = detail;
	print_probe(&probe);
}

static int check(struct report *report)
{
	struct check_output out = { .as_json = report->json };
	int result;

	if (!report->json) {
		result = rebind_check(report->rebind, take_probe, &out);
		print_jansson();
		return result < 0 ? report_print(report, result) : result;
	}
	json_start(&out.doc);
	json_add_text(&out.doc, out.doc.root, "verb", report->verb);
	out.probes = json_add_list(&out.doc, out.doc.root, "probes");
	result = rebind_check(report->rebind, take_probe, &out);
	json_add_bool(&out.doc, out.doc.root, "ok", result == 0);
	int err = json_print(&out.doc);

	json_end(&out.doc);
	return err < 0 ? err : result;
}

int verb_check(int argc, char **argv)
{
	cleanup_report struct report report = { 0 };
	struct check_args args = { 0 };
	struct option_words words = { 0 };
	int status;

	if (!options_parse(&options, argc, argv, &args, &words, &status))
		return status;
	if (report_open(&report, "check", &args.report) < 0)
		return STATUS_FAILED;
	return check(&report) == 0 ? STATUS_OK : STATUS_FAILED;
}
