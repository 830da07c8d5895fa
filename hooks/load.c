// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hooks/load.h"

#include <dirent.h>
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"

#define SUFFIX ".so"

void load_files_free(struct load_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		free(files->paths[i]);
	free(files->paths);
	*files = (struct load_files){ 0 };
}

/* Trust */

static bool privileged(void)
{
	return getauxval(AT_SECURE) || geteuid() == 0 || caps_has_admin();
}

/* In a user namespace that does not map the host's root, its files belong to the overflow uid. */
static bool whole_uid_map(void)
{
	unsigned int inside = 1, outside = 1, count = 0;
	FILE *map = fopen("/proc/self/uid_map", "re");

	if (!map)
		return true;
	int n = fscanf(map, "%u %u %u", &inside, &outside, &count);

	fclose(map);
	return n == 3 && inside == 0 && outside == 0 && count == UINT32_MAX;
}

static bool owner_is_trusted(uid_t owner)
{
	const uid_t nobody = 65534; /* fs.overflowuid's default */

	return owner == 0 || owner == getuid() || (owner == nobody && !whole_uid_map());
}

/* @is_own: the plugin or its directory, as opposed to what lies above. */
static bool place_is_trusted(const struct stat *st, bool is_own)
{
	if (!owner_is_trusted(st->st_uid))
		return false;
	if (is_own)
		return !(st->st_mode & (S_IWGRP | S_IWOTH));
	return !(st->st_mode & S_IWOTH) || (st->st_mode & S_ISVTX);
}

static int check_place(const char *path, bool is_own)
{
	struct stat st;

	if (stat(*path ? path : "/", &st) < 0)
		return log_error(-errno, "cannot examine '%s'", path);
	if (!place_is_trusted(&st, is_own))
		return log_error(-EPERM,
				 "plugins: '%s' (owner %u, mode %04o) can be changed by others than"
				 " root and the caller",
				 *path ? path : "/", st.st_uid, st.st_mode & 07777);
	return 0;
}

/* @path is canonical; it is taken apart from its end. @own: how many places are the plugin's. */
static int check_places(char *path, int own)
{
	for (;; own--) {
		int err = check_place(path, own > 0);

		if (err || !*path)
			return err;
		*strrchr(path, '/') = '\0';
	}
}

int load_check_trust(const char *path)
{
	if (!privileged())
		return 0;
	cleanup_free char *canonical = realpath(path, NULL);
	struct stat st;

	if (!canonical || stat(canonical, &st) < 0)
		return log_error(-errno, "plugins: cannot find '%s'", path);
	if (strcmp(canonical, "/") == 0)
		*canonical = '\0';
	return check_places(canonical, S_ISDIR(st.st_mode) ? 1 : 2);
}

/* Finding */

static int is_plugin_name(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name), suffix = strlen(SUFFIX);

	return length >= suffix && strcmp(entry->d_name + length - suffix, SUFFIX) == 0;
}

/* Bytes, not the locale's order: the same everywhere. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Takes the entries over. */
static int join_entries(const char *dir, struct dirent **entries, size_t n, struct load_files *ret)
{
	cleanup_load_files struct load_files files = { .paths = calloc(n + 1, sizeof(char *)) };
	int err = files.paths ? 0 : -ENOMEM;

	for (size_t i = 0; i < n; i++) {
		if (!err && !(files.paths[files.n++] = path_join(dir, entries[i]->d_name)))
			err = -ENOMEM;
		free(entries[i]);
	}
	free(entries);
	if (err)
		return log_error(err, "plugins");
	*ret = files;
	files = (struct load_files){ 0 };
	return 0;
}

static int list_directory(const char *dir, struct load_files *ret)
{
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, is_plugin_name, by_name);

	if (n < 0)
		return log_error(-errno, "cannot list the plugin directory '%s'", dir);
	return join_entries(dir, entries, (size_t)n, ret);
}

static int single_file(const char *path, struct load_files *ret)
{
	ret->paths = calloc(1, sizeof(char *));
	if (!ret->paths || !(ret->paths[0] = strdup(path)))
		return log_error(-ENOMEM, "plugins");
	ret->n = 1;
	return 0;
}

/* secure_getenv: the environment of a less privileged caller names no code. */
static const char *choose_directory(const char *libdir)
{
	if (libdir)
		return libdir;
	libdir = secure_getenv("CRIU_LIBS_DIR");
	if (libdir && *libdir)
		return libdir;
	return access(REBIND_PLUGIN_DIR, F_OK) == 0 ? REBIND_PLUGIN_DIR : NULL;
}

int load_find(const char *libdir, struct load_files *ret)
{
	struct stat st;

	*ret = (struct load_files){ 0 };
	libdir = choose_directory(libdir);
	if (!libdir)
		return 0;
	/* Absolute from here on: a name without a slash is not a path to dlopen(3). */
	cleanup_free char *path = realpath(libdir, NULL);

	if (!path || stat(path, &st) < 0)
		return log_error(-errno, "plugins: cannot use '%s'", libdir);
	int err = load_check_trust(path);

	if (err)
		return err;
	return S_ISDIR(st.st_mode) ? list_directory(path, ret) : single_file(path, ret);
}

/* Loading */

struct old_names {
	const char *symbol;
	int hook;
};

static const struct old_names old_names[] = {
	{ "cr_plugin_dump_unix_sk", CR_PLUGIN_HOOK__DUMP_UNIX_SK },
	{ "cr_plugin_restore_unix_sk", CR_PLUGIN_HOOK__RESTORE_UNIX_SK },
	{ "cr_plugin_dump_file", CR_PLUGIN_HOOK__DUMP_EXT_FILE },
	{ "cr_plugin_restore_file", CR_PLUGIN_HOOK__RESTORE_EXT_FILE },
	{ "cr_plugin_dump_ext_mount", CR_PLUGIN_HOOK__DUMP_EXT_MOUNT },
	{ "cr_plugin_restore_ext_mount", CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT },
	{ "cr_plugin_dump_ext_link", CR_PLUGIN_HOOK__DUMP_EXT_LINK },
};

/* Only the plugin's own: dlsym(3) also searches the libraries it needs. */
static void *own_symbol(const struct plugin *plugin, const char *symbol)
{
	void *address = dlsym(plugin->object, symbol);
	Dl_info info;

	if (!address || !dladdr(address, &info) || info.dli_fbase != plugin->base)
		return NULL;
	return address;
}

static void read_old_names(struct plugin *plugin)
{
	bool any = false;

	plugin->old = true;
	plugin->version = CRIU_PLUGIN_VERSION_OLD;
	plugin->max_hooks = ARRAY_SIZE(old_names);
	plugin->old_init = (int (*)(void))own_symbol(plugin, "cr_plugin_init");
	plugin->old_fini = (void (*)(void))own_symbol(plugin, "cr_plugin_fini");
	any = plugin->old_init || plugin->old_fini;
	for (size_t i = 0; i < ARRAY_SIZE(old_names); i++) {
		void *function = own_symbol(plugin, old_names[i].symbol);

		plugin->hooks[old_names[i].hook] = function;
		any = any || function;
	}
	if (any)
		log_warn("plugin '%s' is an old one (0.1.0, functions by name)", plugin->file);
	else
		log_warn("plugin '%s' has no descriptor and no hook: nothing is asked of it",
			 plugin->file);
}

/* max_hooks says how long the array is; the linker knows it, too. */
static bool is_shorter_than_it_says(const cr_plugin_desc_t *desc)
{
	const ElfW(Sym) *symbol = NULL;
	Dl_info info;

	if (!dladdr1(desc, &info, (void **)&symbol, RTLD_DL_SYMENT) || !symbol || !symbol->st_size)
		return false;
	return symbol->st_size <
	       offsetof(cr_plugin_desc_t, hooks) + desc->max_hooks * sizeof(desc->hooks[0]);
}

static int verify_descriptor(const struct plugin *plugin, const cr_plugin_desc_t *desc)
{
	if (desc->version > CRIU_PLUGIN_VERSION)
		return log_error(
			-EPROTO,
			"plugin '%s' has version %u.%u.%u (%#x), above ours, %u.%u.%u (%#x)",
			plugin->file, desc->version >> 16, desc->version >> 8 & 0xff,
			desc->version & 0xff, desc->version, CRIU_PLUGIN_VERSION_MAJOR,
			CRIU_PLUGIN_VERSION_MINOR, CRIU_PLUGIN_VERSION_SUBLEVEL,
			CRIU_PLUGIN_VERSION);
	if (desc->max_hooks > CR_PLUGIN_HOOK__MAX)
		return log_error(-EPROTO, "plugin '%s' has %u hooks (max_hooks), we know %d",
				 plugin->file, desc->max_hooks, CR_PLUGIN_HOOK__MAX);
	if (is_shorter_than_it_says(desc))
		return log_error(-EPROTO,
				 "plugin '%s': its descriptor is too short for its %u hooks",
				 plugin->file, desc->max_hooks);
	return 0;
}

static int read_descriptor(struct plugin *plugin, const cr_plugin_desc_t *desc)
{
	int err = verify_descriptor(plugin, desc);

	if (err)
		return err;
	if (desc->name && *desc->name)
		plugin->name = desc->name;
	plugin->init = desc->init;
	plugin->exit = desc->exit;
	plugin->version = desc->version;
	plugin->max_hooks = desc->max_hooks;
	memcpy(plugin->hooks, desc->hooks, desc->max_hooks * sizeof(desc->hooks[0]));
	return 0;
}

static int open_object(const char *path, struct plugin *plugin)
{
	struct link_map *map = NULL;

	plugin->file = strdup(strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
	if (!plugin->file)
		return log_error(-ENOMEM, "plugin '%s'", path);
	plugin->name = plugin->file;
	/* RTLD_NOW: a missing symbol is an error here, not the end of the process in a hook. */
	plugin->object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!plugin->object) {
		log_error(0, "cannot load plugin '%s': %s", plugin->file, dlerror());
		return -ELIBACC;
	}
	if (dlinfo(plugin->object, RTLD_DI_LINKMAP, &map) == 0 && map) {
		Dl_info info;

		if (dladdr(map->l_ld, &info))
			plugin->base = info.dli_fbase;
	}
	return 0;
}

int load_plugin(const char *path, struct plugin *ret)
{
	struct plugin plugin = { 0 };
	cr_plugin_desc_t *desc;
	int err = load_check_trust(path);

	if (!err)
		err = open_object(path, &plugin);
	if (!err) {
		desc = own_symbol(&plugin, "CR_PLUGIN_DESC");
		if (desc)
			err = read_descriptor(&plugin, desc);
		else
			read_old_names(&plugin);
	}
	if (!err && asprintf(&plugin.label, "plugin '%s' (%s)", plugin.name, plugin.file) < 0) {
		plugin.label = NULL;
		err = log_error(-ENOMEM, "plugin '%s'", plugin.file);
	}
	if (err) {
		load_plugin_free(&plugin);
		return err;
	}
	*ret = plugin;
	return 0;
}

void load_plugin_free(struct plugin *plugin)
{
	free(plugin->file);
	free(plugin->label);
	*plugin = (struct plugin){ 0 };
}

uint32_t load_hook_mask(const struct plugin *plugin)
{
	uint32_t mask = 0;

	for (unsigned int i = 0; i < CR_PLUGIN_HOOK__MAX; i++)
		if (plugin->hooks[i])
			mask |= UINT32_C(1) << i;
	return mask;
}
