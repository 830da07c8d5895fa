/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plugin ABI, as plugin sources include it. It is CRIU's: an object built with this header
 * loads in CRIU, and one built for CRIU loads here. rebind-plugin(7) tells the whole contract.
 *
 *	static int restore(int id, char *mountpoint, char *old_root, int *is_file) { ... }
 *
 *	CR_PLUGIN_REGISTER_DUMMY("mine")
 *	CR_PLUGIN_REGISTER_HOOK(CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT, restore)
 *
 * A hook returns 0 when it did the work (or a descriptor, where the hook yields one), -ENOTSUP when
 * the object is not this plugin's, any other negative errno to fail the whole operation.
 */
#ifndef CRIU_PLUGIN_H
#define CRIU_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CRIU_PLUGIN_GEN_VERSION(major, minor, sublevel) \
	(((major) << 16) + ((minor) << 8) + (sublevel))

#define CRIU_PLUGIN_VERSION_MAJOR    0
#define CRIU_PLUGIN_VERSION_MINOR    2
#define CRIU_PLUGIN_VERSION_SUBLEVEL 0

/* The first generation: functions found by name, no descriptor. */
#define CRIU_PLUGIN_VERSION_OLD CRIU_PLUGIN_GEN_VERSION(0, 1, 0)

#define CRIU_PLUGIN_VERSION                                                           \
	CRIU_PLUGIN_GEN_VERSION(CRIU_PLUGIN_VERSION_MAJOR, CRIU_PLUGIN_VERSION_MINOR, \
				CRIU_PLUGIN_VERSION_SUBLEVEL)

/* What init and exit are told: the operation that loads the plugin. */
enum {
	CR_PLUGIN_STAGE__DUMP = 0,
	CR_PLUGIN_STAGE__PRE_DUMP = 1,
	CR_PLUGIN_STAGE__RESTORE = 2,

	CR_PLUGIN_STAGE_MAX
};

/* The slots of a descriptor. Their numbers never change; new ones are added at the end. */
enum {
	/* int hook(int fd, int id): a socket, by a descriptor of it and its inode's number */
	CR_PLUGIN_HOOK__DUMP_UNIX_SK = 0,
	/* int hook(int id): returns the descriptor */
	CR_PLUGIN_HOOK__RESTORE_UNIX_SK = 1,
	/* int hook(int fd, int id) */
	CR_PLUGIN_HOOK__DUMP_EXT_FILE = 2,
	/* int hook(int id, bool *retry_needed): returns the descriptor */
	CR_PLUGIN_HOOK__RESTORE_EXT_FILE = 3,
	/* int hook(char *mountpoint, int id): "./vol/data" and the mount id */
	CR_PLUGIN_HOOK__DUMP_EXT_MOUNT = 4,
	/* int hook(int id, char *mountpoint, char *old_root, int *is_file) */
	CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT = 5,
	/* int hook(int index, int type, char *kind): a network link */
	CR_PLUGIN_HOOK__DUMP_EXT_LINK = 6,
	/* The state of processes: these are CRIU's own business. */
	CR_PLUGIN_HOOK__HANDLE_DEVICE_VMA = 7,
	CR_PLUGIN_HOOK__UPDATE_VMA_MAP = 8,
	CR_PLUGIN_HOOK__RESUME_DEVICES_LATE = 9,
	CR_PLUGIN_HOOK__PAUSE_DEVICES = 10,
	CR_PLUGIN_HOOK__CHECKPOINT_DEVICES = 11,
	/* int hook(void) */
	CR_PLUGIN_HOOK__POST_FORKING = 12,
	/* int hook(void) */
	CR_PLUGIN_HOOK__RESTORE_INIT = 13,
	CR_PLUGIN_HOOK__DUMP_DEVICES_LATE = 14,

	CR_PLUGIN_HOOK__MAX
};

/* What a plugin exports under the name CR_PLUGIN_DESC. */
typedef struct {
	const char *name;
	int (*init)(int stage);		  /* non-zero fails the operation; may be NULL */
	void (*exit)(int stage, int ret); /* ret: how the operation ended; may be NULL */
	unsigned int version;
	unsigned int max_hooks; /* length of hooks[] as the plugin was compiled */
	void *hooks[CR_PLUGIN_HOOK__MAX];
} cr_plugin_desc_t;

extern cr_plugin_desc_t CR_PLUGIN_DESC;

#define CR_PLUGIN_EXPORT __attribute__((visibility("default"), used))

/* Once in a plugin, without a semicolon needed: its descriptor. */
#define CR_PLUGIN_REGISTER(plugin_name, init_fn, exit_fn)                                       \
	CR_PLUGIN_EXPORT cr_plugin_desc_t CR_PLUGIN_DESC = {                                    \
		plugin_name, init_fn, exit_fn, CRIU_PLUGIN_VERSION, CR_PLUGIN_HOOK__MAX, { 0 }, \
	};

static inline int cr_plugin_dummy_init(int stage)
{
	(void)stage;
	return 0;
}

static inline void cr_plugin_dummy_exit(int stage, int ret)
{
	(void)stage;
	(void)ret;
}

/* The same for a plugin that has nothing to do at its start and its end. */
#define CR_PLUGIN_REGISTER_DUMMY(plugin_name) \
	CR_PLUGIN_REGISTER(plugin_name, cr_plugin_dummy_init, cr_plugin_dummy_exit)

/* Once for each hook: puts a function into its slot while the object is being loaded. */
#define CR_PLUGIN_REGISTER_HOOK(slot, function)                                           \
	static void __attribute__((constructor)) cr_plugin_register_hook_##function(void) \
	{                                                                                 \
		CR_PLUGIN_DESC.hooks[slot] = (void *)function;                            \
	}

/**
 * criu_get_image_dir - a descriptor of the image directory
 *
 * Valid in init, exit and every hook; the host's, not to be closed.
 */
int criu_get_image_dir(void);

#ifdef __cplusplus
}
#endif

#endif
