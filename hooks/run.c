// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hooks/run.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "hooks/api.h"

#define MAX_ERRNO 4095

typedef int (*dump_fd_fn)(int fd, int id);
typedef int (*restore_sk_fn)(int id);
typedef int (*restore_file_fn)(int id, bool *retry_needed);
typedef int (*dump_mount_fn)(char *mountpoint, int id);
typedef int (*restore_mount_fn)(int id, char *mountpoint, char *old_root, int *is_file);
typedef int (*dump_link_fn)(int index, int type, char *kind);
typedef int (*simple_fn)(void);

static const char *const hook_names[CR_PLUGIN_HOOK__MAX] = {
	[CR_PLUGIN_HOOK__DUMP_UNIX_SK] = "DUMP_UNIX_SK",
	[CR_PLUGIN_HOOK__RESTORE_UNIX_SK] = "RESTORE_UNIX_SK",
	[CR_PLUGIN_HOOK__DUMP_EXT_FILE] = "DUMP_EXT_FILE",
	[CR_PLUGIN_HOOK__RESTORE_EXT_FILE] = "RESTORE_EXT_FILE",
	[CR_PLUGIN_HOOK__DUMP_EXT_MOUNT] = "DUMP_EXT_MOUNT",
	[CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT] = "RESTORE_EXT_MOUNT",
	[CR_PLUGIN_HOOK__DUMP_EXT_LINK] = "DUMP_EXT_LINK",
	[CR_PLUGIN_HOOK__HANDLE_DEVICE_VMA] = "HANDLE_DEVICE_VMA",
	[CR_PLUGIN_HOOK__UPDATE_VMA_MAP] = "UPDATE_VMA_MAP",
	[CR_PLUGIN_HOOK__RESUME_DEVICES_LATE] = "RESUME_DEVICES_LATE",
	[CR_PLUGIN_HOOK__PAUSE_DEVICES] = "PAUSE_DEVICES",
	[CR_PLUGIN_HOOK__CHECKPOINT_DEVICES] = "CHECKPOINT_DEVICES",
	[CR_PLUGIN_HOOK__POST_FORKING] = "POST_FORKING",
	[CR_PLUGIN_HOOK__RESTORE_INIT] = "RESTORE_INIT",
	[CR_PLUGIN_HOOK__DUMP_DEVICES_LATE] = "DUMP_DEVICES_LATE",
};

const char *hooks_name(unsigned int hook)
{
	return hook < ARRAY_SIZE(hook_names) ? hook_names[hook] : NULL;
}

const char *run_step_name(int step)
{
	static const char *const steps[] = { "nothing", "loading", "init", "exit", "leaving" };
	const char *name = step >= 0 ? hooks_name((unsigned int)step) : NULL;

	if (step < 0 && -step - 1 < (int)ARRAY_SIZE(steps))
		name = steps[-step - 1];
	return name ? name : "an unknown step";
}

/* A plugin's number as an errno of ours. */
static int as_errno(int value)
{
	return value < 0 && value >= -MAX_ERRNO ? value : -EPROTO;
}

/* Around every call of a plugin's code. */
static void run_enter(struct run *run, const char *name, int step, const char *label)
{
	const struct api_state api = {
		.image_dir_fd = run->image_dir_fd,
		.mount_info = run->mount_info,
		.data = run->data,
		.plugins = run->plugins,
		.n_plugins = run->n,
		.name = name,
	};

	api_set(&api);
	if (run->announce)
		run->announce(run->announce_data, step, label);
	errno = 0;
}

static void enter_plugin(struct run *run, const struct plugin *plugin, int step)
{
	run_enter(run, plugin->name, step, plugin->label);
}

/* What it printed appears before what is reported about it. */
static void left(void)
{
	fflush(stdout);
}

/* Loading */

static const struct plugin *find_object(const struct run *run, const void *object)
{
	for (size_t i = 0; i < run->n; i++)
		if (run->plugins[i].object == object)
			return &run->plugins[i];
	return NULL;
}

static int load_one(struct run *run, const char *path)
{
	struct plugin *plugin = &run->plugins[run->n];
	const char *slash = strrchr(path, '/');
	const char *file = slash ? slash + 1 : path;

	run_enter(run, file, RUN_LOAD, file);
	int err = load_plugin(path, plugin);

	left();
	if (err)
		return err;
	const struct plugin *twin = find_object(run, plugin->object);

	if (twin) {
		log_warn("plugin '%s' is '%s' under another name: loaded once", file, twin->file);
		load_plugin_free(plugin);
		return 0;
	}
	log_debug("%s: version %u.%u.%u, hooks %#x", plugin->label, plugin->version >> 16,
		  plugin->version >> 8 & 0xff, plugin->version & 0xff, load_hook_mask(plugin));
	run->n++;
	return 0;
}

int run_load(struct run *run, const struct load_files *files)
{
	run->plugins = calloc(files->n + 1, sizeof(*run->plugins));
	if (!run->plugins)
		return log_error(-ENOMEM, "plugins");
	for (size_t i = 0; i < files->n; i++) {
		int err = load_one(run, files->paths[i]);

		if (err)
			return err;
	}
	return 0;
}

/* init and exit */

static int init_one(struct run *run, struct plugin *plugin)
{
	int value = 0;

	enter_plugin(run, plugin, RUN_INIT);
	if (plugin->init)
		value = plugin->init(run->stage);
	else if (plugin->old_init)
		value = plugin->old_init();
	left();
	if (value)
		return log_error(as_errno(value), "%s: init returned %d", plugin->label, value);
	plugin->started = true;
	return 0;
}

int run_init(struct run *run)
{
	for (size_t i = 0; i < run->n; i++) {
		int err = init_one(run, &run->plugins[i]);

		if (err) {
			run_exit(run, err);
			return err;
		}
	}
	return 0;
}

static void exit_one(struct run *run, struct plugin *plugin, int result)
{
	enter_plugin(run, plugin, RUN_EXIT);
	if (plugin->exit)
		plugin->exit(run->stage, result);
	else if (plugin->old_fini)
		plugin->old_fini();
	left();
	plugin->started = false;
}

void run_exit(struct run *run, int result)
{
	for (size_t i = run->n; i-- > 0;)
		if (run->plugins[i].started)
			exit_one(run, &run->plugins[i], result);
}

void run_free(struct run *run)
{
	api_set(NULL);
	for (size_t i = 0; i < run->n; i++)
		load_plugin_free(&run->plugins[i]);
	free(run->plugins);
	fd_close(&run->image_dir_fd);
	*run = (struct run){ .image_dir_fd = -EBADF };
}

/* Hooks */

/* The ABI's strings are not const: a plugin gets copies, and the next one unspoilt ones. */
static char *copy_text(const char *text)
{
	return strdup(text ? text : "");
}

static int invoke_restore_file(restore_file_fn function, int id)
{
	bool retry_needed = false;
	int value = function(id, &retry_needed);

	return value < 0 && retry_needed ? -EAGAIN : value;
}

static int invoke(void *function, struct run_call *call, char *text, char *old_root)
{
	switch (call->hook) {
	case CR_PLUGIN_HOOK__DUMP_UNIX_SK:
	case CR_PLUGIN_HOOK__DUMP_EXT_FILE:
		return ((dump_fd_fn)function)(call->fd < 0 ? -1 : call->fd, call->id);
	case CR_PLUGIN_HOOK__RESTORE_UNIX_SK:
		return ((restore_sk_fn)function)(call->id);
	case CR_PLUGIN_HOOK__RESTORE_EXT_FILE:
		return invoke_restore_file((restore_file_fn)function, call->id);
	case CR_PLUGIN_HOOK__DUMP_EXT_MOUNT:
		return ((dump_mount_fn)function)(text, call->id);
	case CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT:
		call->is_file = 0;
		return ((restore_mount_fn)function)(call->id, text, old_root, &call->is_file);
	case CR_PLUGIN_HOOK__DUMP_EXT_LINK:
		return ((dump_link_fn)function)(call->index, call->type, text);
	default:
		return -ENOTSUP;
	}
}

static bool yields_descriptor(int hook)
{
	return hook == CR_PLUGIN_HOOK__RESTORE_UNIX_SK || hook == CR_PLUGIN_HOOK__RESTORE_EXT_FILE;
}

/* Whether a refusal is the caller's to judge: it may ask once more, with a mountpoint. */
static bool is_quiet(const struct run_call *call, int value)
{
	return value == -EAGAIN	  ? call->hook == CR_PLUGIN_HOOK__RESTORE_EXT_FILE
	       : value == -ENOENT ? call->hook == CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT
				  : false;
}

/* Return: @err, logged. */
static int complain(const struct plugin *plugin, const struct run_call *call, int err, int value,
		    const char *why)
{
	const char *hook = hooks_name((unsigned int)call->hook);

	switch (call->hook) {
	case CR_PLUGIN_HOOK__DUMP_EXT_MOUNT:
	case CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT:
		return log_error(err, "%s: %s for mount %d '%s' returned %d%s", plugin->label, hook,
				 call->id, call->text, value, why);
	default:
		return log_error(err, "%s: %s for %d returned %d%s", plugin->label, hook, call->id,
				 value, why);
	}
}

static int run_judge(const struct plugin *plugin, struct run_call *call, int value)
{
	if (yields_descriptor(call->hook) && value >= 0) {
		if (fcntl(value, F_GETFD) < 0)
			return complain(plugin, call, -EPROTO, value, ", not a descriptor");
		call->ret_fd = value;
		return 0;
	}
	if (value > 0)
		return complain(plugin, call, -EPROTO, value, ", which the contract does not have");
	if (value < 0 && !is_quiet(call, value))
		return complain(plugin, call, as_errno(value), value, "");
	return value;
}

/* Return: what the plugin returned, or -ENOTSUP if it has no such hook. */
static int run_ask(struct run *run, const struct plugin *plugin, struct run_call *call)
{
	cleanup_free char *text = copy_text(call->text), *old_root = copy_text(call->old_root);

	if (!plugin->hooks[call->hook])
		return -ENOTSUP;
	if (!text || !old_root)
		return -ENOMEM;
	enter_plugin(run, plugin, call->hook);
	int value = invoke(plugin->hooks[call->hook], call, text, old_root);

	left();
	return value;
}

int run_call(struct run *run, struct run_call *call)
{
	call->plugin = -1;
	call->ret_fd = -EBADF;
	if (call->hook < 0 || call->hook >= CR_PLUGIN_HOOK__MAX)
		return log_error(-EINVAL, "plugins: hook %d", call->hook);
	for (size_t i = 0; i < run->n; i++) {
		int value = run_ask(run, &run->plugins[i], call);

		if (value == -ENOTSUP)
			continue;
		call->plugin = (int)i;
		call->is_file = call->is_file != 0;
		return run_judge(&run->plugins[i], call, value);
	}
	return -ENOTSUP;
}

static int simple_one(struct run *run, const struct plugin *plugin, int hook)
{
	if (!plugin->hooks[hook])
		return 0;
	enter_plugin(run, plugin, hook);
	int value = ((simple_fn)plugin->hooks[hook])();

	left();
	if (value && value != -ENOTSUP)
		return log_error(as_errno(value), "%s: %s returned %d", plugin->label,
				 hooks_name((unsigned int)hook), value);
	return 0;
}

int run_simple(struct run *run, int hook)
{
	if (hook != CR_PLUGIN_HOOK__POST_FORKING && hook != CR_PLUGIN_HOOK__RESTORE_INIT)
		return log_error(-EINVAL, "plugins: hook %d takes arguments", hook);
	for (size_t i = 0; i < run->n; i++) {
		int err = simple_one(run, &run->plugins[i], hook);

		if (err)
			return err;
	}
	return 0;
}
