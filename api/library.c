// SPDX-License-Identifier: LGPL-2.1-or-later
/* rebind.h over the rooms. */
#include "api/library.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "hooks/hooks.h"
#include "mnt/dump.h"
#include "api/namespace.h"

const char *rebind_version(void)
{
	return REBIND_VERSION;
}

/* ---- log ---- */

static rebind_log_fn log_fn;

static void pass_line(void *data, enum log_level level, const char *line)
{
	log_fn(data, (enum rebind_log_level)level, line);
}

void rebind_log_to(rebind_log_fn fn, void *data, enum rebind_log_level max)
{
	log_fn = fn;
	log_to(fn ? pass_line : NULL, data, (enum log_level)max);
}

/* ---- report ---- */

struct rebind_report *rebind_report_new(void)
{
	return calloc(1, sizeof(struct rebind_report));
}

void rebind_report_free(struct rebind_report *report)
{
	if (!report)
		return;
	findings_free(&report->findings);
	differences_free(&report->differences);
	changes_free(&report->changes);
	free(report);
}

/* The public structs have the fields of the private ones, in their order. */
size_t rebind_report_findings(const struct rebind_report *report, const struct rebind_finding **ret)
{
	_Static_assert(sizeof(struct rebind_finding) == sizeof(struct finding), "the same fields");
	*ret = (const struct rebind_finding *)report->findings.list;
	return report->findings.n;
}

size_t rebind_report_differences(const struct rebind_report *report,
				 const struct rebind_difference **ret)
{
	_Static_assert(sizeof(struct rebind_difference) == sizeof(struct difference),
		       "the same fields");
	*ret = (const struct rebind_difference *)report->differences.list;
	return report->differences.n;
}

size_t rebind_report_changed(const struct rebind_report *report, const struct rebind_changed **ret)
{
	_Static_assert(sizeof(struct rebind_changed) == sizeof(struct change), "the same fields");
	*ret = (const struct rebind_changed *)report->changes.list;
	return report->changes.n;
}

/* ---- dump and restore ---- */

/* What could not be put into the report for lack of memory fails the operation all the same. */
static int said_all(const struct rebind_report *report, int err)
{
	return report->findings.lost && err
		       ? log_error(err,
				   "there is not enough memory to list everything that is wrong")
		       : err;
}

int rebind_dump(const struct rebind_dump_options *options, struct rebind_report *report)
{
	struct rebind_dump_options own = { 0 };

	memcpy(&own, options, options->size < sizeof(own) ? options->size : sizeof(own));
	int err = said_all(report, dump_run(&own, &report->findings, &report->changes));

	findings_sort(&report->findings);
	return err;
}

int library_restore_into(const struct rebind_restore_options *options, int into_fd,
			 struct rebind_report *report, struct rebind_namespace **ret)
{
	struct rebind_restore_options own = { 0 };
	struct restore_result result;

	memcpy(&own, options, options->size < sizeof(own) ? options->size : sizeof(own));
	int err = said_all(report, restore_run(&own, into_fd, &report->findings,
					       &report->differences, &result));

	findings_sort(&report->findings);
	return err || own.dry_run ? err : namespace_new(&result, ret);
}

int rebind_restore(const struct rebind_restore_options *options, struct rebind_report *report,
		   struct rebind_namespace **ret)
{
	return library_restore_into(options, -EBADF, report, ret);
}

static void free_all(struct rebind_namespace **list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		rebind_namespace_free(list[i]);
}

/* Handles for what was built; what gets none is given up. */
static int take_all(struct restore_result *results, unsigned int n, struct rebind_namespace **list,
		    unsigned int *n_list)
{
	int err = 0;

	for (unsigned int i = 0; i < n; i++) {
		int made = namespace_new(&results[i], &list[*n_list]);

		*n_list += !made;
		err = made ? made : err;
	}
	return err;
}

/* Return: 0 once there are as many as wanted, or a negative errno. */
static int make_copies(const struct rebind_restore_options *options, unsigned int n,
		       struct rebind_report *report, struct restore_result *results,
		       struct rebind_namespace **list, unsigned int *n_list)
{
	int err = 0;

	while (!err && *n_list < n) {
		unsigned int done;

		err = restore_copies(options, &report->findings, &report->differences, n - *n_list,
				     results, &done);
		int taken = take_all(results, done, list, n_list);

		if (options->dry_run)
			return err;
		err = err ? err : taken;
	}
	return err;
}

int rebind_restore_copies(const struct rebind_restore_options *options, unsigned int n,
			  struct rebind_report *report, struct rebind_namespace **ret)
{
	struct rebind_restore_options own = { 0 };
	cleanup_free struct restore_result *results = calloc(n + 1U, sizeof(*results));
	cleanup_free struct rebind_namespace **list = calloc(n + 1U, sizeof(*list));
	unsigned int n_list = 0;

	if (!results || !list)
		return -ENOMEM;
	memcpy(&own, options, options->size < sizeof(own) ? options->size : sizeof(own));
	int err = said_all(report, make_copies(&own, n, report, results, list, &n_list));

	findings_sort(&report->findings);
	if (err)
		free_all(list, n_list);
	else if (!own.dry_run)
		memcpy(ret, list, n * sizeof(*list));
	return err;
}

/* ---- plugins ---- */

struct list_state {
	void (*each)(void *data, const struct rebind_plugin *plugin);
	void *data;
};

static void list_one(void *data, const struct hooks_plugin *plugin)
{
	const struct list_state *state = data;
	char version[32], hooks[512] = "";

	for (unsigned int i = 0; i < 32; i++) {
		size_t n = strlen(hooks);

		if (plugin->hooks & (1U << i))
			snprintf(hooks + n, sizeof(hooks) - n, "%s%s", n ? " " : "", hooks_name(i));
	}
	snprintf(version, sizeof(version), "%u.%u.%u", plugin->version >> 16,
		 (plugin->version >> 8) & 0xff, plugin->version & 0xff);
	struct rebind_plugin line = {
		.file = plugin->file,
		.name = plugin->name,
		.generation = plugin->generation_1 ? "0.1.0" : version,
		.max_hooks = plugin->max_hooks,
		.hooks = hooks,
	};

	state->each(state->data, &line);
}

int rebind_plugin_list(const char *libdir, void (*each)(void *data, const struct rebind_plugin *),
		       void *data)
{
	struct list_state state = { .each = each, .data = data };

	return hooks_list(libdir, list_one, &state);
}
