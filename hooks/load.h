/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plugins as files and as loaded objects: finding them, whether to trust them, both generations. */
#ifndef REBIND_HOOKS_LOAD_H
#define REBIND_HOOKS_LOAD_H

#include "base/util.h"
#include "include/criu-plugin.h"

/* Files to load, in order. */
struct load_files {
	char **paths;
	size_t n;
};

void load_files_free(struct load_files *files);
#define cleanup_load_files cleanup(load_files_free)

/**
 * load_find - list the plugin files of a directory, in the order of their names
 * @libdir: as hooks_options.libdir; a single shared object is fine, too
 * @ret: empty if there is no directory or nothing in it; freed by load_files_free()
 *
 * Return: 0 or a negative errno, logged.
 */
int load_find(const char *libdir, struct load_files *ret);

/**
 * load_check_trust - with privileges, refuse to load code that others can write to
 * @path: a plugin or a directory of plugins
 *
 * With privileges the file, its directory and all directories above must belong to root or the
 * caller (the real uid). Group and others must not be able to write to the file and its directory,
 * nor others to directories above, unless these are sticky. Without privileges nothing is checked.
 *
 * Return: 0 or a negative errno, logged: -EPERM for what is not to be trusted.
 */
int load_check_trust(const char *path);

/* A loaded plugin. */
struct plugin {
	char *file;	  /* its name without the directory */
	char *label;	  /* "plugin 'name' (file.so)": how messages call it */
	const char *name; /* in the object, or @file */
	void *object;	  /* dlopen(3) */
	const void *base; /* where the object is mapped: which plugin a caller belongs to */
	int (*init)(int stage);
	void (*exit)(int stage, int ret);
	int (*old_init)(void);
	void (*old_fini)(void);
	unsigned int version, max_hooks;
	void *hooks[CR_PLUGIN_HOOK__MAX];
	bool old;     /* generation 0.1.0 */
	bool started; /* init was run, exit is owed */
};

/**
 * load_plugin - dlopen a file and read its descriptor
 * @path: from load_find()
 *
 * Constructors of the object run. Return: 0 or a negative errno, logged with the file's name.
 */
int load_plugin(const char *path, struct plugin *ret);

/**
 * load_plugin_free - forget a plugin; its object stays mapped
 *
 * Code of an object that is gone could still be called by a thread or an atexit(3) handler of it.
 */
void load_plugin_free(struct plugin *plugin);

/**
 * load_hook_mask - bit N: hook N is there
 */
uint32_t load_hook_mask(const struct plugin *plugin);

#endif
