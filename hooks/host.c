// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hooks/hooks.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "hooks/api.h"
#include "hooks/load.h"
#include "hooks/process.h"
#include "hooks/run.h"

#define DEFAULT_TIMEOUT 30 /* s */

static void free_host(struct hooks_host *host)
{
	for (size_t i = 0; i < host->n; i++) {
		free((char *)host->plugins[i].file);
		free((char *)host->plugins[i].name);
	}
	free(host->plugins);
	fd_close(&host->talk);
	fd_close(&host->keep);
	if (host->run)
		run_free(host->run);
	free(host->run);
	free(host);
}

/* Starting */

static int describe(struct hooks_host *host, const struct plugin *plugin)
{
	const struct hooks_plugin description = {
		.file = plugin->file,
		.name = plugin->name,
		.version = plugin->version,
		.max_hooks = plugin->max_hooks,
		.hooks = load_hook_mask(plugin),
		.generation_1 = plugin->old,
	};

	return process_add_plugin(host, &description);
}

/* REBIND_PLUGIN_DEBUG: plugins in this very process. */
static int start_here(struct hooks_host *host, const struct worker *worker)
{
	const struct hooks_options *options = worker->options;
	struct run *run = calloc(1, sizeof(*run));

	if (!run)
		return log_error(-ENOMEM, "plugins");
	host->run = run;
	*run = (struct run){
		.stage = options->stage,
		.image_dir_fd = options->image_dir_fd < 0
					? -EBADF
					: fcntl(options->image_dir_fd, F_DUPFD_CLOEXEC, 3),
		.mount_info = options->mount_info,
		.data = options->data,
	};
	log_warn("REBIND_PLUGIN_DEBUG: plugins run in this process, unguarded");
	api_export();
	int err = run_load(run, worker->files);

	for (size_t i = 0; !err && i < run->n; i++)
		err = describe(host, &run->plugins[i]);
	if (!err && worker->mode == WORKER_RUN)
		err = run_init(run);
	return err;
}

static bool wants_debug(void)
{
	const char *value = secure_getenv("REBIND_PLUGIN_DEBUG");

	return value && strcmp(value, "1") == 0;
}

static struct hooks_host *new_host(unsigned int timeout)
{
	struct hooks_host *host = calloc(1, sizeof(*host));

	if (!host)
		return NULL;
	host->talk = host->keep = -EBADF;
	host->step = RUN_NOTHING;
	host->timeout = timeout ? timeout : DEFAULT_TIMEOUT;
	return host;
}

/* @ret is NULL if there is no plugin. */
static int host_start(const struct hooks_options *options, enum worker_mode mode,
		      struct hooks_host **ret)
{
	cleanup_load_files struct load_files files = { 0 };
	struct worker worker = { .options = options, .files = &files, .mode = mode };
	int err = load_find(options->libdir, &files);

	*ret = NULL;
	if (err || files.n == 0)
		return err;
	struct hooks_host *host = new_host(options->timeout);

	if (!host)
		return log_error(-ENOMEM, "plugins");
	err = wants_debug() ? start_here(host, &worker) : process_start(host, &worker);
	if (err) {
		free_host(host);
		return err;
	}
	*ret = host;
	return 0;
}

int hooks_start(const struct hooks_options *options, struct hooks_host **ret)
{
	return host_start(options, WORKER_RUN, ret);
}

int hooks_list(const char *libdir, void (*each)(void *data, const struct hooks_plugin *plugin),
	       void *data)
{
	const struct hooks_options options = { .libdir = libdir, .image_dir_fd = -EBADF };
	struct hooks_host *host = NULL;
	int err = host_start(&options, WORKER_LIST, &host);

	if (err || !host)
		return err;
	int n = (int)host->n;

	for (int i = 0; i < n; i++)
		each(data, &host->plugins[i]);
	err = hooks_finish(host, 0);
	return err ? err : n;
}

bool hooks_has(const struct hooks_host *host, int hook)
{
	if (!host || hook < 0 || hook >= CR_PLUGIN_HOOK__MAX)
		return false;
	for (size_t i = 0; i < host->n; i++)
		if (host->plugins[i].hooks & UINT32_C(1) << hook)
			return true;
	return false;
}

/* Asking */

/*
 * If only one plugin has the hook, its process need not say which one runs: that saves a message.
 * Return: whether that is so; the plugin is then noted.
 */
static int name_only_one(struct hooks_host *host, int hook)
{
	const struct hooks_plugin *only = NULL;

	for (size_t i = 0; i < host->n; i++) {
		if (!(host->plugins[i].hooks & UINT32_C(1) << hook))
			continue;
		if (only)
			return 0;
		only = &host->plugins[i];
	}
	if (!only)
		return 0;
	snprintf(host->label, sizeof(host->label), "plugin '%s' (%s)", only->name, only->file);
	return 1;
}

static int call_process(struct hooks_host *host, struct run_call *call)
{
	struct wire message; /* the reply as well: on a small stack there is no room for two */
	int fd = -EBADF;

	WIRE_INIT(&message, WIRE_CALL);
	message.hook = call->hook;
	message.id = call->id;
	message.index = call->index;
	message.type = call->type;
	message.plugin = name_only_one(host, call->hook);
	int err = wire_add(&message, call->text ? call->text : "");

	if (!err)
		err = wire_add(&message, call->old_root ? call->old_root : "");
	if (err)
		return log_error(err, "plugins: %s for %d", run_step_name(call->hook), call->id);
	err = process_ask(host, &message, call->fd, &message, &fd);
	if (err)
		return err;
	call->is_file = message.is_file;
	call->plugin = message.plugin;
	call->ret_fd = fd;
	return message.value;
}

static int host_ask(struct hooks_host *host, struct run_call *call)
{
	call->plugin = -1;
	call->ret_fd = -EBADF;
	if (!hooks_has(host, call->hook))
		return -ENOTSUP;
	return host->run ? run_call(host->run, call) : call_process(host, call);
}

int hooks_dump_mount(struct hooks_host *host, const char *mountpoint, int id)
{
	struct run_call call = {
		.hook = CR_PLUGIN_HOOK__DUMP_EXT_MOUNT,
		.fd = -EBADF,
		.id = id,
		.text = mountpoint,
	};

	return host_ask(host, &call);
}

int hooks_restore_mount(struct hooks_host *host, int id, const char *mountpoint,
			const char *old_root, int *is_file, const char **plugin)
{
	struct run_call call = {
		.hook = CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT,
		.fd = -EBADF,
		.id = id,
		.text = mountpoint,
		.old_root = old_root,
	};
	int err = host_ask(host, &call);

	if (plugin && call.plugin >= 0 && (size_t)call.plugin < host->n)
		*plugin = host->plugins[call.plugin].name;
	if (!err)
		*is_file = call.is_file;
	return err;
}

int hooks_dump_fd(struct hooks_host *host, int hook, int fd, int id)
{
	struct run_call call = { .hook = hook, .fd = fd, .id = id };

	return host_ask(host, &call);
}

int hooks_restore_fd(struct hooks_host *host, int hook, int id, int *ret_fd)
{
	struct run_call call = { .hook = hook, .fd = -EBADF, .id = id };
	int err = host_ask(host, &call);

	if (!err)
		*ret_fd = call.ret_fd;
	return err;
}

int hooks_dump_link(struct hooks_host *host, int index, int type, const char *kind)
{
	struct run_call call = {
		.hook = CR_PLUGIN_HOOK__DUMP_EXT_LINK,
		.fd = -EBADF,
		.id = index,
		.index = index,
		.type = type,
		.text = kind,
	};

	return host_ask(host, &call);
}

int hooks_call_simple(struct hooks_host *host, int hook)
{
	struct wire message;

	if (!hooks_has(host, hook))
		return 0;
	if (host->run)
		return run_simple(host->run, hook);
	WIRE_INIT(&message, WIRE_SIMPLE);
	message.hook = hook;
	int err = process_ask(host, &message, -1, &message, NULL);

	return err ? err : message.value;
}

/* Leaving and finishing */

int hooks_leave(struct hooks_host *host, int ns_fd, int root_fd)
{
	if (!host)
		return 0;
	if (host->run) {
		log_warn("REBIND_PLUGIN_DEBUG: plugins stay in this process' mount namespace");
		return 0;
	}
	return process_leave(host, ns_fd, root_fd);
}

static int finish_process(struct hooks_host *host, int result)
{
	struct wire message;

	WIRE_INIT(&message, WIRE_EXIT);
	message.value = result;
	int err = process_ask(host, &message, -1, &message, NULL);

	process_stop(host);
	return err;
}

int hooks_finish(struct hooks_host *host, int result)
{
	int err = 0;

	if (!host)
		return 0;
	if (host->run)
		run_exit(host->run, result);
	else
		err = finish_process(host, result);
	free_host(host);
	return err;
}
