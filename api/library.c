// SPDX-License-Identifier: LGPL-2.1-or-later
/* rebind.h over the rooms. */
#include "api/library.h"

#include <stdio.h>
#include <string.h>

#include "api/call.h"
#include "api/namespace.h"
#include "api/size.h"
#include "base/fd.h"
#include "base/log.h"
#include "hooks/hooks.h"
#include "mnt/dump.h"

#define DUMP_FIRST    SIZE_FIRST(struct rebind_dump_options, mntns_fd)
#define RESTORE_FIRST SIZE_FIRST(struct rebind_restore_options, root_fd)
#define INHERIT_FIRST SIZE_FIRST(struct rebind_inherit_fd, key)

const char *rebind_version(void)
{
	return REBIND_VERSION;
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

static int dump_into(const struct rebind_dump_options *options, const char *reader,
		     struct rebind_report *report)
{
	struct rebind_dump_options own;
	char dir[32], mntns[32];
	int err = size_take(options, DUMP_FIRST, &own, sizeof(own));

	if (err)
		return err;
	if (own.images_dir_fd)
		own.images_dir = fd_proc_path(own.images_dir_fd, dir);
	if (own.mntns_fd)
		own.mntns = fd_proc_path(own.mntns_fd, mntns);
	err = said_all(report, dump_run(&own, reader, &report->findings, &report->changes));
	findings_sort(&report->findings);
	return err;
}

int rebind_dump(struct rebind *rebind, const struct rebind_dump_options *options,
		struct rebind_report *report)
{
	cleanup_call struct call call;

	call_begin(&call, rebind, report);
	return call_result(&call, dump_into(options, call_reader(rebind), report));
}

/* The options of a restore as ours. */
struct restore_own {
	struct rebind_restore_options options;
	struct rebind_inherit_fd *inherit_fd;
	char dir[32];
};

static void restore_own_free(struct restore_own *own)
{
	free(own->inherit_fd);
}

/* Those of an older or a newer caller stand at other distances. */
static int take_inherited(struct restore_own *own)
{
	const char *given = (const char *)own->options.inherit_fd;
	size_t n = own->options.n_inherit_fd;
	int err = 0;

	own->inherit_fd = calloc(n + 1, sizeof(*own->inherit_fd));
	if (!own->inherit_fd)
		return -ENOMEM;
	for (size_t i = 0; i < n && !err; i++) {
		err = size_take(given, INHERIT_FIRST, &own->inherit_fd[i],
				sizeof(*own->inherit_fd));
		given += err ? 0 : *(const size_t *)given;
	}
	own->options.inherit_fd = own->inherit_fd;
	return err;
}

static int take_options(const struct rebind_restore_options *options, struct restore_own *own)
{
	int err = size_take(options, RESTORE_FIRST, &own->options, sizeof(own->options));

	if (!err && own->options.images_dir_fd)
		own->options.images_dir = fd_proc_path(own->options.images_dir_fd, own->dir);
	return err ? err : take_inherited(own);
}

/* What is cancelled when it has just been built is not wanted any more. */
static int end_restore(struct rebind_report *report, int err)
{
	if (!err)
		err = cancel_check();
	findings_sort(&report->findings);
	return said_all(report, err);
}

static int restore_one(struct rebind *rebind, const struct rebind_restore_options *options,
		       int into_fd, struct rebind_report *report, struct rebind_namespace **ret)
{
	cleanup(restore_own_free) struct restore_own own = { 0 };
	struct restore_result result;
	struct rebind_namespace *ns = NULL;
	int err = take_options(options, &own);

	if (err)
		return err;
	err = restore_run(&own.options, call_reader(rebind), into_fd, &report->findings,
			  &report->differences, &result);
	if (!err && !own.options.dry_run)
		err = namespace_new(rebind, &result, &ns);
	err = end_restore(report, err);
	if (err)
		rebind_namespace_free(ns);
	else if (!own.options.dry_run)
		*ret = ns;
	return err;
}

int library_restore_into(struct rebind *rebind, const struct rebind_restore_options *options,
			 int into_fd, struct rebind_report *report, struct rebind_namespace **ret)
{
	cleanup_call struct call call;

	call_begin(&call, rebind, report);
	return call_result(&call, restore_one(rebind, options, into_fd, report, ret));
}

int rebind_restore(struct rebind *rebind, const struct rebind_restore_options *options,
		   struct rebind_report *report, struct rebind_namespace **ret)
{
	return library_restore_into(rebind, options, -EBADF, report, ret);
}

static void free_all(struct rebind_namespace **list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		rebind_namespace_free(list[i]);
}

/* Several namespaces on their way. */
struct copies {
	struct rebind *rebind;
	struct rebind_report *report;
	unsigned int n, wanted;
	struct restore_result *results;
	struct rebind_namespace **list;
};

static void copies_free(struct copies *copies)
{
	free(copies->results);
	free(copies->list);
}

/* Handles for what was built; what gets none is given up. */
static int take_all(struct copies *copies, unsigned int n)
{
	int err = 0;

	for (unsigned int i = 0; i < n; i++) {
		int made = namespace_new(copies->rebind, &copies->results[i],
					 &copies->list[copies->n]);

		copies->n += !made;
		err = made ? made : err;
	}
	return err;
}

/* Return: 0 once there are as many as wanted, or a negative errno. */
static int make_copies(struct copies *copies, const struct rebind_restore_options *options)
{
	struct rebind_report *report = copies->report;
	int err = 0;

	while (!err && copies->n < copies->wanted) {
		unsigned int done;

		err = restore_copies(options, call_reader(copies->rebind), &report->findings,
				     &report->differences, copies->wanted - copies->n,
				     copies->results, &done);
		int taken = take_all(copies, done);

		if (options->dry_run)
			return err;
		err = err ? err : taken;
	}
	return err;
}

static int restore_several(struct copies *copies, const struct rebind_restore_options *options,
			   struct rebind_namespace **ret)
{
	cleanup(restore_own_free) struct restore_own own = { 0 };
	int err = take_options(options, &own);

	if (err)
		return err;
	err = end_restore(copies->report, make_copies(copies, &own.options));
	if (err)
		free_all(copies->list, copies->n);
	else if (!own.options.dry_run)
		memcpy(ret, copies->list, copies->n * sizeof(*ret));
	return err;
}

int rebind_restore_copies(struct rebind *rebind, const struct rebind_restore_options *options,
			  unsigned int n, struct rebind_report *report,
			  struct rebind_namespace **ret)
{
	cleanup_call struct call call;
	cleanup(copies_free) struct copies copies = {
		.rebind = rebind,
		.report = report,
		.wanted = n,
		.results = calloc(n + 1U, sizeof(*copies.results)),
		.list = calloc(n + 1U, sizeof(struct rebind_namespace *)),
	};

	call_begin(&call, rebind, report);
	return call_result(&call, copies.results && copies.list
					  ? restore_several(&copies, options, ret)
					  : -ENOMEM);
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
		.size = sizeof(line),
		.file = plugin->file,
		.name = plugin->name,
		.generation = plugin->generation_1 ? "0.1.0" : version,
		.max_hooks = plugin->max_hooks,
		.hooks = hooks,
	};

	state->each(state->data, &line);
}

int rebind_plugin_list(struct rebind *rebind, const char *libdir,
		       void (*each)(void *data, const struct rebind_plugin *), void *data)
{
	struct list_state state = { .each = each, .data = data };
	cleanup_call struct call call;

	call_begin(&call, rebind, NULL);
	return call_result(&call, hooks_list(libdir, list_one, &state));
}
