// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/report.h"

struct plugin_args {
	const char *libdir;
	struct report_options report;
};

static const struct option_spec specs[] = {
	{ 'L', "libdir", OPTION_TEXT, offsetof(struct plugin_args, libdir), "DIR",
	  "else CRIU_LIBS_DIR, else the installed directory" },
	REPORT_SPECS(struct plugin_args),
};

static const char *const synopsis[] = { "plugin list [options]", NULL };

static const struct option_set options = {
	.verb = "plugin",
	.synopsis = synopsis,
	.specs = specs,
	.n_specs = ARRAY_SIZE(specs),
	.min_words = 1,
	.max_words = 1,
	.word_name = "word: list",
};

struct plugin_output {
	bool as_json;
	struct json doc;
	struct json_t *plugins;
};

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
	struct json_t *item = json_add_item(&out->doc, out->plugins);

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
		result = rebind_plugin_list(args->libdir, take_plugin, &out);
		return result < 0 ? report_print(report, result) : result;
	}
	json_start(&out.doc);
	out.plugins = json_add_list(&out.doc, out.doc.root, "plugins");
	result = rebind_plugin_list(args->libdir, take_plugin, &out);
	json_add_bool(&out.doc, out.doc.root, "ok", result >= 0);
	int err = json_print(&out.doc);

	json_end(&out.doc);
	return err < 0 ? err : result;
}

int verb_plugin(int argc, char **argv)
{
	cleanup_report struct report report = { 0 };
	struct plugin_args args = { 0 };
	struct option_words words = { 0 };
	int status;

	if (!options_parse(&options, argc, argv, &args, &words, &status))
		return status;
	if (strcmp(words.list[0], "list") != 0)
		return usage_error("plugin", "unknown word '%s': plugin list is what there is",
				   words.list[0]);
	if (report_open(&report, "plugin list", &args.report) < 0)
		return STATUS_FAILED;
	return list(&args, &report) < 0 ? STATUS_FAILED : STATUS_OK;
}
