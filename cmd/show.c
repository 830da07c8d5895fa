// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/dot.h"
#include "cmd/options.h"
#include "cmd/errors.h"
#include "cmd/report.h"
#include "cmd/print-tree.h"
#include "cmd/svg.h"
#include "cmd/tree-choice.h"

struct show_args {
	struct tree_choice tree;
	bool dot, svg;
	struct report_options report;
};

static const struct option_spec specs[] = {
	{ '\0', "dot", OPTION_FLAG, offsetof(struct show_args, dot), NULL,
	  "print a picture of the tree and its peer groups, for dot(1)" },
	{ '\0', "svg", OPTION_FLAG, offsetof(struct show_args, svg), NULL,
	  "draw that picture with dot(1) of Graphviz" },
	TREE_CHOICE_SPECS(struct show_args),
	REPORT_SPECS(struct show_args),
};

static const char *const synopsis[] = { "show [options] [WHAT]", NULL };

static const struct option_set options = {
	.verb = "show",
	.synopsis = synopsis,
	.note = "WHAT: a pid, an nsfs file, a directory of an image or of --pin-dir, or a saved "
		"mountinfo file; "
		"your own namespace else",
	.specs = specs,
	.n_specs = ARRAY_SIZE(specs),
	.max_words = 1,
	.word_name = "namespace",
};

static void put_mount(struct json *doc, struct json_t *item, const struct rebind_mount *mount)
{
	char device[24];

	snprintf(device, sizeof(device), "%u:%u", mount->dev_major, mount->dev_minor);
	json_add_number(doc, item, "id", mount->id);
	json_add_number(doc, item, "parent_id", mount->parent_id);
	if (mount->unique_id)
		json_add_number(doc, item, "unique_id", mount->unique_id);
	json_add_number(doc, item, "depth", mount->depth);
	if (mount->ns)
		json_add_number(doc, item, "namespace", mount->ns);
	json_add_text(doc, item, "mountpoint", mount->path);
	json_add_text(doc, item, "root", mount->root);
	json_add_text(doc, item, "device", device);
	json_add_text(doc, item, "fstype", mount->fstype);
	json_add_text(doc, item, "source", mount->source);
	json_add_text(doc, item, "attributes", mount->attributes);
	json_add_text(doc, item, "sb_flags", mount->sb_flags);
	json_add_text(doc, item, "options", mount->options);
	json_add_number(doc, item, "shared", mount->shared);
	json_add_number(doc, item, "master", mount->master);
	json_add_bool(doc, item, "unbindable", mount->unbindable);
	json_add_bool(doc, item, "is_file", mount->is_file);
	json_add_bool(doc, item, "idmapped", mount->idmapped);
	json_add_bool(doc, item, "covered", mount->covered);
	json_add_bool(doc, item, "deleted", mount->deleted);
	json_add_optional(doc, item, "owner", print_tree_owner(mount->owner));
	json_add_optional(doc, item, "key", mount->key);
}

static void put_hex(struct json *doc, struct json_t *item, const char *field, const uint8_t *bytes,
		    size_t n)
{
	char text[2 * 256 + 1] = "";

	for (size_t i = 0; i < n && 2 * i + 2 < sizeof(text); i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	if (n)
		json_add_text(doc, item, field, text);
}

static void put_format(struct json *doc, struct json_t *item, const struct rebind_format *format)
{
	json_add_text(doc, item, "name", format->name);
	json_add_bool(doc, item, "enabled", format->enabled);
	json_add_text(doc, item, "interpreter", format->interpreter);
	json_add_text(doc, item, "flags", format->flags);
	json_add_optional(doc, item, "extension", format->extension);
	if (!format->extension)
		json_add_number(doc, item, "offset", format->offset);
	put_hex(doc, item, "magic", format->magic, format->n_magic);
	put_hex(doc, item, "mask", format->mask, format->n_mask);
}

/* What is registered in a binfmt_misc, if anything is. */
static void put_formats(struct json *doc, struct json_t *item, const struct rebind_tree *tree,
			size_t index)
{
	bool disabled;
	size_t n = rebind_tree_n_formats(tree, index, &disabled);
	struct json_t *list = n ? json_add_list(doc, item, "formats") : NULL;

	for (size_t i = 0; i < n; i++) {
		struct rebind_format format = { .size = sizeof(format) };

		rebind_tree_format(tree, index, i, &format);
		put_format(doc, json_add_item(doc, list), &format);
	}
	if (disabled)
		json_add_bool(doc, item, "formats_disabled", true);
}

static int print_json(const struct report *report, const struct rebind_tree *tree)
{
	cleanup_json struct json doc;

	json_start(&doc);
	report_json_head(&doc, report, 0);
	struct json_t *list = json_add_list(&doc, doc.root, "mounts");

	for (size_t i = 0; i < rebind_tree_count(tree); i++) {
		struct rebind_mount mount = { .size = sizeof(mount) };

		struct json_t *item = json_add_item(&doc, list);

		rebind_tree_get(tree, i, &mount);
		put_mount(&doc, item, &mount);
		put_formats(&doc, item, tree, i);
	}
	return json_print(&doc);
}

static void free_tree(struct rebind_tree **tree)
{
	if (*tree)
		rebind_tree_free(*tree);
	*tree = NULL;
}

static int show(const struct show_args *args, const char *what, struct report *report)
{
	cleanup(free_tree) struct rebind_tree *tree = NULL;
	int err = tree_choice_open(&args->tree, report->rebind, what, report->findings, &tree);

	if (err < 0)
		return report_print(report, err);
	report_print_findings(report->findings, &report->logging, NULL);
	if (args->report.json)
		return print_json(report, tree);
	if (args->svg)
		return svg_print(tree);
	err = args->dot ? dot_print(tree) : print_tree(tree);
	if (err)
		errors_say("%s", strerror(-err));
	return err;
}

int verb_show(int argc, char **argv)
{
	cleanup_report struct report report = { 0 };
	struct show_args args = { 0 };
	struct option_words words = { 0 };
	char own[16];
	int status;

	if (!options_parse(&options, argc, argv, &args, &words, &status))
		return status;
	if (!tree_choice_check(&args.tree, "show", &status))
		return status;
	if (args.tree.ns_id && words.n &&
	    strspn(words.list[0], "0123456789") == strlen(words.list[0]))
		return usage_error("show",
				   "--ns-id chooses a namespace of an image or of --pin-dir, and "
				   "'%s' is a process",
				   words.list[0]);
	if (args.dot + args.svg + args.report.json > 1)
		return usage_error("show",
				   "--dot, --svg and --json are three formats: give one of them");
	if (report_open(&report, "show", &args.report) < 0)
		return STATUS_FAILED;
	snprintf(own, sizeof(own), "%d", (int)getpid());
	return show(&args, words.n ? words.list[0] : own, &report) < 0 ? STATUS_FAILED : STATUS_OK;
}
