// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/report.h"
#include "cmd/tree-choice.h"

struct diff_args {
	struct tree_choice tree;
	bool sources, contents;
	struct report_options report;
};

static const struct option_spec specs[] = {
	{ '\0', "sources", OPTION_FLAG, offsetof(struct diff_args, sources), NULL,
	  "also what root, external and plugin mounts are made of" },
	{ '\0', "contents", OPTION_FLAG, offsetof(struct diff_args, contents), NULL,
	  "also the contents of tmpfs mounts" },
	TREE_CHOICE_SPECS(struct diff_args),
	REPORT_SPECS(struct diff_args),
};

static const char *const synopsis[] = { "diff [options] A B", NULL };

static const struct option_set options = {
	.verb = "diff",
	.synopsis = synopsis,
	.note = "A, B: a pid, an nsfs file, a directory of an image or of --pin-dir, or a saved "
		"mountinfo file",
	.specs = specs,
	.n_specs = ARRAY_SIZE(specs),
	.min_words = 2,
	.max_words = 2,
	.word_name = "namespace",
};

/* Two trees, and the differences in the order they are printed. */
struct diff {
	struct rebind_tree *trees[2];
	const struct rebind_difference **list;
	size_t n;
};

static void free_diff(struct diff *diff)
{
	for (size_t i = 0; i < ARRAY_SIZE(diff->trees); i++)
		if (diff->trees[i])
			rebind_tree_free(diff->trees[i]);
	free(diff->list);
	*diff = (struct diff){ 0 };
}

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int by_path(const void *left, const void *right)
{
	const struct rebind_difference *a = *(const struct rebind_difference *const *)left;
	const struct rebind_difference *b = *(const struct rebind_difference *const *)right;
	int order = compare_text(a->path, b->path);

	if (!order)
		order = compare_text(a->field, b->field);
	if (!order)
		order = compare_text(a->left, b->left);
	return order ? order : compare_text(a->right, b->right);
}

static int sort_differences(struct diff *diff, const struct rebind_report *report)
{
	const struct rebind_difference *list;

	diff->n = rebind_report_differences(report, &list);
	diff->list = calloc(diff->n + 1, sizeof(*diff->list));
	if (!diff->list)
		return -ENOMEM;
	for (size_t i = 0; i < diff->n; i++)
		diff->list[i] = &list[i];
	qsort(diff->list, diff->n, sizeof(*diff->list), by_path);
	return 0;
}

static int open_trees(const struct diff_args *args, const char *const *what, struct diff *diff,
		      struct report *report)
{
	int result = 0;

	/* Both, also when the first fails: everything wrong is said at once. */
	for (size_t i = 0; i < ARRAY_SIZE(diff->trees); i++) {
		int err = tree_choice_open(&args->tree, what[i], report->findings, &diff->trees[i]);

		if (err < 0 && !result)
			result = err;
	}
	return result;
}

/* Return: 0 equal, 1 different, or a negative errno. */
static int compare(const struct diff_args *args, const char *const *what, struct diff *diff,
		   struct report *report)
{
	unsigned int flags = (args->sources ? REBIND_COMPARE_SOURCES : 0) |
			     (args->contents ? REBIND_COMPARE_CONTENTS : 0);
	int err = open_trees(args, what, diff, report);

	if (err < 0)
		return err;
	int result = rebind_compare(diff->trees[0], diff->trees[1], flags, report->findings);

	if (result < 0)
		return result;
	err = sort_differences(diff, report->findings);
	return err < 0 ? err : result;
}

static int print_json(const struct diff *diff, const struct report *report, bool equal)
{
	cleanup_json struct json doc;

	json_start(&doc);
	report_json_head(&doc, report, 0);
	json_add_bool(&doc, doc.root, "equal", equal);
	report_json_differences(&doc, diff->list, diff->n);
	report_json_findings(&doc, report->findings);
	return json_print(&doc);
}

static int print(const struct diff *diff, struct report *report, bool equal)
{
	if (report->json)
		return print_json(diff, report, equal);
	report_print_findings(report->findings, &report->logging, NULL);
	for (size_t i = 0; i < diff->n; i++)
		report_print_difference(stdout, diff->list[i]);
	return 0;
}

int verb_diff(int argc, char **argv)
{
	cleanup_report struct report report = { 0 };
	cleanup(free_diff) struct diff diff = { 0 };
	struct diff_args args = { 0 };
	struct option_words words = { 0 };
	int status;

	if (!options_parse(&options, argc, argv, &args, &words, &status))
		return status;
	if (!tree_choice_check(&args.tree, "diff", &status))
		return status;
	if (report_open(&report, "diff", &args.report) < 0)
		return STATUS_DIFF_ERROR;
	int result = compare(&args, words.list, &diff, &report);

	if (result < 0)
		report_print(&report, result);
	if (result < 0 || print(&diff, &report, result == 0) < 0)
		return STATUS_DIFF_ERROR;
	return result == 0 ? STATUS_OK : STATUS_DIFFERENT;
}
