// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/report.h"
#include "plugin-test/plugin-test.h"

struct plugin_args {
	const char *libdir, *mountpoint, *source;
	int64_t timeout;
	struct report_options report;
};

static const struct option_spec specs[] = {
	{ 'L', "libdir", OPTION_TEXT, offsetof(struct plugin_args, libdir), "DIR",
	  "list: else CRIU_LIBS_DIR, else the installed directory" },
	{ '\0', "mountpoint", OPTION_TEXT, offsetof(struct plugin_args, mountpoint), "PATH",
	  "test: where the plugin's own mount is (/data)" },
	{ '\0', "source", OPTION_TEXT, offsetof(struct plugin_args, source), "PATH",
	  "test: what is mounted there, a directory or a file (a new tmpfs)" },
	{ '\0', "plugin-timeout", OPTION_NUMBER, offsetof(struct plugin_args, timeout), "SECONDS",
	  "test: how long a hook may take (30)", 1, 86400 },
	REPORT_SPECS(struct plugin_args),
};

static const char *const synopsis[] = {
	"plugin list [-L DIR] [options]",
	"plugin test PLUGIN.so [--mountpoint PATH] [--source PATH] [options]", NULL
};

static const struct option_set options = {
	.verb = "plugin",
	.synopsis = synopsis,
	.specs = specs,
	.n_specs = ARRAY_SIZE(specs),
	.min_words = 1,
	.max_words = 2,
	.word_name = "word: list or test",
};

struct plugin_output {
	bool as_json;
	unsigned int n, failed; /* clauses */
	struct json doc;
	struct json_t *list;
};

/* ---- list ---- */

/* Names come from the plugins: what they say is not trusted to be printable. */
static void print_plugin(const struct rebind_plugin *plugin)
{
	cleanup_free char *file = path_printable(plugin->file ? plugin->file : "-");
	cleanup_free char *name = text_safe(plugin->name ? plugin->name : "-");

	printf("%s  %s  %s  %s\n", file ? file : "", name ? name : "",
	       plugin->generation ? plugin->generation : "-",
	       plugin->hooks && *plugin->hooks ? plugin->hooks : "-");
}

static void take_plugin(void *data, const struct rebind_plugin *plugin)
{
	struct plugin_output *out = data;

	if (!out->as_json) {
		print_plugin(plugin);
		return;
	}
	struct json_t *item = json_add_item(&out->doc, out->list);

	json_add_text(&out->doc, item, "file", plugin->file);
	json_add_text(&out->doc, item, "name", plugin->name);
	json_add_text(&out->doc, item, "generation", plugin->generation);
	json_add_number(&out->doc, item, "max_hooks", plugin->max_hooks);
	json_add_text(&out->doc, item, "hooks", plugin->hooks);
}

static int list(const struct plugin_args *args, struct report *report)
{
	struct plugin_output out = { .as_json = report->json };
	int result;

	if (!report->json) {
		result = rebind_plugin_list(report->rebind, args->libdir, take_plugin, &out);
		return result < 0 ? report_print(report, result) : result;
	}
	json_start(&out.doc);
	json_add_text(&out.doc, out.doc.root, "verb", report->verb);
	out.list = json_add_list(&out.doc, out.doc.root, "plugins");
	result = rebind_plugin_list(report->rebind, args->libdir, take_plugin, &out);
	json_add_bool(&out.doc, out.doc.root, "ok", result >= 0);
	json_add_lines(&out.doc, "errors", &report->logging.errors);
	int err = json_print(&out.doc);

	json_end(&out.doc);
	return err < 0 ? err : result;
}

/* ---- test ---- */

/* In the manner of TAP. What was seen may come from the plugin. */
static void print_clause(const struct plugin_output *out, const struct plugin_test_clause *clause)
{
	cleanup_free char *seen = text_safe(clause->seen ? clause->seen : "");

	printf("%s %u - %s: %s\n", clause->ok ? "ok" : "not ok", out->n,
	       clause->clause ? clause->clause : "", seen ? seen : "");
	fflush(stdout);
}

static void take_clause(void *data, const struct plugin_test_clause *clause)
{
	struct plugin_output *out = data;

	out->n++;
	out->failed += !clause->ok;
	if (!out->as_json) {
		print_clause(out, clause);
		return;
	}
	struct json_t *item = json_add_item(&out->doc, out->list);

	json_add_bool(&out->doc, item, "ok", clause->ok);
	json_add_text(&out->doc, item, "clause", clause->clause);
	json_add_text(&out->doc, item, "seen", clause->seen);
}

static int print_json(struct plugin_output *out, const char *plugin, int result)
{
	json_add_text(&out->doc, out->doc.root, "plugin", plugin);
	json_add_bool(&out->doc, out->doc.root, "ok", result == 0);
	int err = json_print(&out->doc);

	json_end(&out->doc);
	return err < 0 ? err : result;
}

/* Return: as plugin_test(), printed. */
static int test(const struct plugin_args *args, const char *plugin, struct report *report)
{
	struct plugin_output out = { .as_json = report->json };
	const struct plugin_test_options how = {
		.plugin = plugin,
		.mountpoint = args->mountpoint,
		.source = args->source,
		.plugin_timeout = (unsigned int)args->timeout,
		.each = take_clause,
		.data = &out,
	};

	if (report->json) {
		json_start(&out.doc);
		json_add_text(&out.doc, out.doc.root, "verb", report->verb);
		out.list = json_add_list(&out.doc, out.doc.root, "clauses");
	}
	int result = plugin_test(&how);

	if (report->json)
		return print_json(&out, plugin, result);
	if (result < 0)
		return report_print(report, result);
	printf("1..%u\n", out.n);
	if (out.failed)
		printf("# %u of %u clauses do not hold: rebind-plugin(7)\n", out.failed, out.n);
	return result;
}

/* ---- both ---- */

/* Return: what is wrong with the words and options, or NULL. */
static const char *check_words(const struct plugin_args *args, const struct option_words *words)
{
	bool is_test = strcmp(words->list[0], "test") == 0;

	if (is_test && words->n != 2)
		return "plugin test takes a plugin, a shared object";
	if (is_test && args->libdir)
		return "-L is for plugin list: plugin test takes a path";
	if (!is_test && words->n != 1)
		return "plugin list takes no other word: -L names the directory";
	if (!is_test && (args->mountpoint || args->source || args->timeout))
		return "--mountpoint, --source and --plugin-timeout are for plugin test";
	return NULL;
}

int verb_plugin(int argc, char **argv)
{
	cleanup_report struct report report = { 0 };
	struct plugin_args args = { 0 };
	struct option_words words = { 0 };
	int status;

	if (!options_parse(&options, argc, argv, &args, &words, &status))
		return status;
	bool is_test = strcmp(words.list[0], "test") == 0;

	if (!is_test && strcmp(words.list[0], "list") != 0)
		return usage_error("plugin",
				   "unknown word '%s': plugin list and plugin test are there",
				   words.list[0]);
	const char *wrong = check_words(&args, &words);

	if (wrong)
		return usage_error("plugin", "%s", wrong);
	if (report_open(&report, is_test ? "plugin test" : "plugin list", &args.report) < 0)
		return STATUS_FAILED;
	if (is_test)
		return test(&args, words.list[1], &report) ? STATUS_FAILED : STATUS_OK;
	return list(&args, &report) < 0 ? STATUS_FAILED : STATUS_OK;
}
