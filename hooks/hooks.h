/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plugins, as the rooms above see them: a process that has loaded them, and the questions it can
 * be asked. rebind-plugin(7) is the contract; the source of a plugin includes criu-plugin.h.
 */
#ifndef REBIND_HOOKS_HOOKS_H
#define REBIND_HOOKS_HOOKS_H

#include <sys/types.h>

#include "model/mount.h"
#include "base/util.h"
#include "include/criu-plugin.h"
#include "include/rebind-plugin.h"

struct hooks_host;

/* How to start the plugin process. */
struct hooks_options {
	/* -L, a directory or a single shared object; NULL: CRIU_LIBS_DIR, else the installed
	 * directory if it exists */
	const char *libdir;
	int stage;	      /* CR_PLUGIN_STAGE__* */
	int image_dir_fd;     /* what criu_get_image_dir() answers; borrowed */
	unsigned int timeout; /* seconds a hook may take; 0: 30 */
	/* Answers rebind_mount_info() in the plugin process, from its own copy of the model. */
	int (*mount_info)(const void *data, int id, struct rebind_mount_info *info);
	const void *data;
};

/**
 * hooks_start - fork the plugin process, load every plugin there and run their init(stage)
 * @ret: NULL if there is no plugin directory or it holds no plugin (a directory named with -L
 *       that does not exist is an error)
 *
 * The process dies with its parent (with the thread that called this: PR_SET_PDEATHSIG), and with
 * it all that plugins started; it keeps its state from init to exit, and writes to the log of its
 * parent. It starts in the mount namespace, root and directory of the caller, with default signals,
 * all permitted capabilities in effect, and of the caller's descriptors those without O_CLOEXEC.
 * With REBIND_PLUGIN_DEBUG=1 in the environment hooks run in the calling process itself. A plugin
 * that fails to load, verify or init fails the whole; those already initialised got their exit,
 * last first. Every failure is logged once, with the plugin's file.
 *
 * Return: 0 or a negative errno, logged.
 */
int hooks_start(const struct hooks_options *options, struct hooks_host **ret);

/**
 * hooks_has - does any loaded plugin fill this slot
 * @hook: CR_PLUGIN_HOOK__*
 */
bool hooks_has(const struct hooks_host *host, int hook);

/**
 * hooks_dump_mount - ask DUMP_EXT_MOUNT of one plugin after the other
 * @mountpoint: with the leading dot: "./vol/data"
 *
 * Return: 0 a plugin takes it, -ENOTSUP none does (nothing is logged), or another negative errno,
 * logged with the plugin's name: -EPROTO for a broken contract (a positive answer, a crash, a call
 * of exit()), -ETIMEDOUT when it hung, else what the plugin returned.
 */
int hooks_dump_mount(struct hooks_host *host, const char *mountpoint, int id);

/**
 * hooks_restore_mount - ask RESTORE_EXT_MOUNT of one plugin after the other
 * @mountpoint: "/crt-premount.<id>"
 * @old_root: "/crt-old-root"
 * @is_file: what the plugin reported, 0 or 1
 * @plugin: name of the plugin that answered, for later messages; may be NULL; owned by @host
 *
 * Both results are set only by a plugin that answered. Return: as hooks_dump_mount. -ENOENT from a
 * plugin is passed on and not logged.
 */
int hooks_restore_mount(struct hooks_host *host, int id, const char *mountpoint,
			const char *old_root, int *is_file, const char **plugin);

/**
 * hooks_dump_fd - ask DUMP_UNIX_SK or DUMP_EXT_FILE of one plugin after the other
 * @hook: which of the two
 * @fd: descriptor of the object; borrowed. Negative: the hook gets -1
 * @id: number of its inode, or what else tells it from others
 *
 * Return: as hooks_dump_mount.
 */
int hooks_dump_fd(struct hooks_host *host, int hook, int fd, int id);

/**
 * hooks_restore_fd - ask RESTORE_UNIX_SK or RESTORE_EXT_FILE of one plugin after the other
 * @ret_fd: the descriptor that the plugin returned, owned by the caller
 *
 * A socket is one of AF_UNIX that is not bound: it gets its name in the tmpfs, and a process with a
 * copy of it can listen on it when POST_FORKING is called. A file is a newly opened /dev/fuse, or
 * the writing end of a new pipe for an autofs (F_SETOWN: the process group that may walk through).
 * The server of a fuse may read when it is mounted, not before (EPERM), and has to answer then.
 *
 * Return: as hooks_dump_mount; -EAGAIN, not logged: the plugin asks to be called again after the
 * others (retry_needed).
 */
int hooks_restore_fd(struct hooks_host *host, int hook, int id, int *ret_fd);

/**
 * hooks_dump_link - ask DUMP_EXT_LINK of one plugin after the other
 * @index, @type, @kind: of the network link
 *
 * Return: as hooks_dump_mount.
 */
int hooks_dump_link(struct hooks_host *host, int index, int type, const char *kind);

/**
 * hooks_call_simple - RESTORE_INIT and POST_FORKING: each plugin that has it is called
 * Return: 0 (also if none has it) or a negative errno, logged.
 */
int hooks_call_simple(struct hooks_host *host, int hook);

/**
 * hooks_leave - send the plugin process back to its first namespace, root and working directory
 * @ns_fd: mount namespace to enter
 * @root_fd: O_PATH descriptor of the directory that becomes its root and working directory
 *
 * It unshares its filesystem struct in the thread that runs the hooks (setns(2) needs that), then
 * enters. Processes that plugins forked cannot be sent: those that are still in the namespace are
 * killed, with a warning, so that nothing of the host's ever has the new root as its own. Call it
 * when the last premount is made, before the new root is pivoted to. Where entering is not
 * permitted (rootless) only root and working directory change. With REBIND_PLUGIN_DEBUG=1 nothing
 * does, and a warning says so.
 *
 * Return: 0 or a negative errno, logged: -EBUSY if a thread of a plugin has a root of its own.
 */
int hooks_leave(struct hooks_host *host, int ns_fd, int root_fd);

/**
 * hooks_finish - exit(stage, result) of each plugin, last first, then the end of the process
 * @result: 0 or a negative errno of the whole operation
 *
 * @host is freed; NULL is fine. Return: 0 or a negative errno, logged.
 */
int hooks_finish(struct hooks_host *host, int result);

/* One plugin as `rebind plugin list` shows it. */
struct hooks_plugin {
	const char *file, *name;
	unsigned int version; /* as the descriptor has it */
	unsigned int max_hooks;
	uint32_t hooks;	   /* bit N: hook N is there */
	bool generation_1; /* named functions, 0.1.0 */
};

/**
 * hooks_list - load the plugins of a directory in a process of their own and describe them
 * @each: called in the order of file names; pointers are valid during the call
 *
 * No init is run. Return: the number of plugins or a negative errno, logged.
 */
int hooks_list(const char *libdir, void (*each)(void *data, const struct hooks_plugin *plugin),
	       void *data);

/**
 * hooks_name - the name of a hook's slot: "RESTORE_EXT_MOUNT"
 * Return: constant text, or NULL for a number that is none.
 */
const char *hooks_name(unsigned int hook);

/**
 * hooks_of_mount - the hook that makes a plugin's mount: CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT, or
 * _FILE
 */
static inline int hooks_of_mount(const struct mount *m)
{
	return m->file_id ? CR_PLUGIN_HOOK__RESTORE_EXT_FILE : CR_PLUGIN_HOOK__RESTORE_EXT_MOUNT;
}

#endif
