// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Global state, and the ABI's fault: criu_get_image_dir() and print_on_level() have no argument
 * that could tell whom they work for. It is set in the plugin process only (or in the caller's,
 * with REBIND_PLUGIN_DEBUG=1) and read by nothing but the four functions below.
 */
#include "hooks/api.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "hooks/load.h"
#include "include/criu-log.h"

#define EXPORT __attribute__((visibility("default")))

static struct api_state state = { .image_dir_fd = -EBADF, .log = { .max = LOG_WARN } };

void api_set(const struct api_state *new_state)
{
	state = new_state ? *new_state : (struct api_state){ .image_dir_fd = -EBADF };
	state.log = log_save();
}

void api_export(void)
{
	Dl_info info;

	if (dladdr((void *)api_export, &info) && info.dli_fname)
		dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_GLOBAL);
}

EXPORT int criu_get_image_dir(void)
{
	return state.image_dir_fd;
}

EXPORT unsigned int log_get_loglevel(void)
{
	return (unsigned int)state.log.max;
}

/* What the struct was when it first had a size: it grows at the end. */
#define MOUNT_INFO_FIRST_SIZE offsetof(struct rebind_mount_info, sb_flags)

EXPORT int rebind_mount_info(int id, struct rebind_mount_info *info)
{
	if (!info || info->size < MOUNT_INFO_FIRST_SIZE)
		return -EINVAL;
	size_t size = info->size < sizeof(*info) ? info->size : sizeof(*info);
	struct rebind_mount_info all = { .size = info->size };
	int err = state.mount_info ? state.mount_info(state.data, id, &all) : -ENOENT;

	if (!err)
		memcpy(info, &all, size);
	return err;
}

/* By where the call comes from: a thread of one plugin may write while another's hook runs. */
static const char *name_of_caller(const void *address)
{
	Dl_info info;

	if (dladdr(address, &info))
		for (size_t i = 0; i < state.n_plugins; i++)
			if (state.plugins[i].base == info.dli_fbase)
				return state.plugins[i].name;
	return state.name ? state.name : "plugin";
}

static void write_line(enum log_level level, const char *name, const char *text)
{
	cleanup_free char *line = NULL;

	if (asprintf(&line, "%s: %s", name, text) < 0)
		line = NULL;
	log_pass(&state.log, level, line ? line : text);
}

static void write_lines(enum log_level level, const char *name, char *text)
{
	char *rest = text;

	for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n"))
		if (*line)
			write_line(level, name, line);
}

EXPORT void print_on_level(unsigned int level, const char *format, ...)
{
	int saved = errno;
	const char *name = name_of_caller(__builtin_return_address(0));
	cleanup_free char *text = NULL;
	va_list args;

	if (level > log_get_loglevel())
		return;
	va_start(args, format);
	errno = saved; /* for %m */
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	if (text)
		write_lines((enum log_level)level, name, text);
	errno = saved;
}
