// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Theory of operation
 *
 * A fuse or an autofs is half a filesystem: a process reads the kernel's requests from a descriptor
 * and answers them. That process lives outside and is not in the image; a plugin knows how to reach
 * it. So the plugin opens /dev/fuse (or a pipe), gives one copy to its server and returns the
 * other. With that copy the filesystem is mounted here, with the options of the image. It lives as
 * long as its server.
 *
 * The builder must not cause a request to such a filesystem: the server may not answer before the
 * restore has finished.
 */
#include "mnt/fs/served.h"
#include "mnt/source/yard.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "base/path.h"
#include "base/sys.h"
#include "mnt/fs/fs.h"
#include "mnt/fs/served-fd.h"
#include "mnt/ipc/mount-log.h"
#include "model/filesystem.h"
#include "model/flags.h"
#include "model/served.h"

/* ---- dump ---- */

static bool is_open_question(const struct mount *m)
{
	return m->need_plugin && m->owner == MOUNT_UNDECIDED && !m->deleted;
}

/* Plugins are asked once for a superblock: about its first unclaimed mount, if one is whole. */
static bool is_first_question(const struct mount_tree *tree, const struct mount *m)
{
	bool first = true, whole = false;

	if (!is_open_question(m) || served_kind(m->fstype) == SERVED_NOT)
		return false;
	for (uint32_t k = tree_first_of_superblock(tree, m); k != MOUNT_NONE;
	     k = tree->mounts[k].sb_next) {
		const struct mount *other = &tree->mounts[k];

		if (!is_open_question(other))
			continue;
		if (first && other != m)
			return false;
		first = false;
		whole = whole || mount_is_fsroot(other);
	}
	return whole;
}

static int open_behind(const struct scan_target *target, const struct mount_tree *tree,
		       const struct mount *m, uint32_t id)
{
	struct sys_mount_stat stat;
	cleanup_fd int fd = served_fd_take(served_kind(m->fstype), id);

	if (fd >= 0)
		return fd_take(&fd);
	fd = path_open_in_root(scan_target_of(target, m)->root_fd, mount_path(m));
	if (fd < 0 || sys_mount_stat(fd, "", AT_EMPTY_PATH | scan_stat_flags(tree), &stat) ||
	    !scan_is_mount(m, &stat))
		return -EBADF;
	return fd_take(&fd);
}

static int served_ask(const struct scan_target *target, struct mount_tree *tree, struct mount *m,
		      struct hooks_host *host)
{
	uint32_t id = served_id(m);
	cleanup_fd int fd = id ? open_behind(target, tree, m, id) : -EBADF;
	struct mount_log log;

	if (!id)
		return 0;
	mount_log_begin(&log, m);
	int err = hooks_dump_fd(host, CR_PLUGIN_HOOK__DUMP_EXT_FILE, fd, (int)id);

	mount_log_end(&log);
	if (err)
		return err == -ENOTSUP ? 0 : err;
	for (uint32_t k = tree_first_of_superblock(tree, m); k != MOUNT_NONE;
	     k = tree->mounts[k].sb_next)
		if (is_open_question(&tree->mounts[k])) {
			tree->mounts[k].owner = MOUNT_PLUGIN;
			tree->mounts[k].file_id = id;
		}
	return 0;
}

int served_ask_plugins(const struct scan_target *target, struct mount_tree *tree,
		       struct hooks_host *host)
{
	int err = 0;

	if (!host || !hooks_has(host, CR_PLUGIN_HOOK__DUMP_EXT_FILE))
		return 0;
	for (uint32_t i = 0; i < tree->n && !err; i++)
		if (is_first_question(tree, &tree->mounts[i]))
			err = served_ask(target, tree, &tree->mounts[i], host);
	return err;
}

/* ---- restore ---- */

static int set_number(int fs_fd, const struct mount *m, const char *name, const char *format,
		      unsigned int number)
{
	char text[32];

	snprintf(text, sizeof(text), format, number);
	return fs_set_option(fs_fd, m, name, text);
}

/*
 * Processes of one group, that of the server, can walk through an autofs without triggering a
 * mount. The plugin names it by F_SETOWN on the pipe. Otherwise the option names a group without
 * members: the pid of a child that leads no group and has exited when the filesystem is mounted.
 * (Without the option it would be our own group, which is also the COMMAND's.)
 */
static int set_group(int fs_fd, const struct mount *m, int file, pid_t *ret_child)
{
	int owner = fcntl(file, F_GETOWN);

	if (owner < -1)
		return set_number(fs_fd, m, "pgrp", "%u", (unsigned int)-owner);
	*ret_child = child_fork();
	if (*ret_child == 0)
		for (;;)
			pause();
	if (*ret_child < 0)
		return log_error(*ret_child, "cannot fork");
	return set_number(fs_fd, m, "pgrp", "%u", (unsigned int)*ret_child);
}

static int set_known_options(int fs_fd, const struct mount *m)
{
	enum served kind = served_kind(m->fstype);
	const char *options = m->options;
	struct filesystem_option option;
	int err = fs_set_options(fs_fd, m, ""), more = 1;

	while (!err && (more = filesystem_next_option(&options, &option)) > 0) {
		if (served_sets(kind, option.name))
			err = fs_set_option(fs_fd, m, option.name, option.value);
		filesystem_free_option(&option);
	}
	return err ? err : more;
}

static int configure(int fs_fd, const struct mount *m, int file, pid_t *ret_child)
{
	enum served kind = served_kind(m->fstype);
	const char *dot = strchr(m->fstype, '.');
	int err = *m->source ? fs_set_option(fs_fd, m, "source", m->source) : 0;

	if (!err && kind == SERVED_FUSE && dot && dot[1])
		err = fs_set_option(fs_fd, m, "subtype", dot + 1);
	if (!err)
		err = set_known_options(fs_fd, m);
	if (!err && kind == SERVED_FUSE)
		err = set_number(fs_fd, m, "rootmode", "%o",
				 m->kind == MOUNT_KIND_FILE ? S_IFREG : S_IFDIR);
	if (!err && kind == SERVED_AUTOFS)
		err = set_group(fs_fd, m, file, ret_child);
	if (!err && (m->sb_flags & MS_RDONLY))
		err = fs_set_option(fs_fd, m, "ro", NULL);
	return err;
}

/* In this user namespace, also if the namespace is another's: /dev/fuse was opened in it. */
static int served_create(const struct mount *m, int file)
{
	bool fuse = served_kind(m->fstype) == SERVED_FUSE;
	cleanup_child pid_t child = 0;
	char number[16];
	cleanup_fd int fs_fd = fsopen(fuse ? "fuse" : "autofs", FSOPEN_CLOEXEC);

	if (fs_fd < 0)
		return log_error(-errno, "cannot create the %s of mount %u '%s'", m->fstype, m->id,
				 m->mountpoint);
	int err = configure(fs_fd, m, file, &child);

	if (err)
		return err;
	snprintf(number, sizeof(number), "%d", file);
	if (fsconfig(fs_fd, FSCONFIG_SET_STRING, "fd", number, 0) < 0 ||
	    fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return log_error(
			-EPROTO,
			"cannot create the %s of mount %u '%s': what RESTORE_EXT_FILE returned is no %s "
			"for it (%s)",
			m->fstype, m->id, m->mountpoint, fuse ? "new /dev/fuse" : "pipe",
			strerror(errno));
	int fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, 0);

	return fd < 0 ? log_error(-errno, "cannot mount the %s of mount %u '%s'", m->fstype, m->id,
				  m->mountpoint)
		      : fd;
}

static int make_first(struct build *b, const struct mount *m)
{
	cleanup_fd int file = -EBADF;
	struct mount_log log;

	mount_log_begin(&log, m);
	int err = b->host ? hooks_restore_fd(b->host, CR_PLUGIN_HOOK__RESTORE_EXT_FILE,
					     (int)m->file_id, &file)
			  : -ENOTSUP;

	mount_log_end(&log);
	if (err == -ENOTSUP)
		return log_error(0,
				 "no plugin restores the descriptor %u behind mount %u '%s': "
				 "RESTORE_EXT_FILE was declined (-L, rebind plugin list)",
				 m->file_id, m->id, m->mountpoint),
		       -ENOTSUP;
	return err ? err : served_create(m, file);
}

/* A mount of the same superblock that is there already: premounts are kept until all are made. */
static int *find_sb_root(const struct build *b, const struct mount *m)
{
	for (uint32_t k = tree_first_of_superblock(b->tree, m); k != MOUNT_NONE;
	     k = b->tree->mounts[k].sb_next) {
		const struct mount *other = &b->tree->mounts[k];

		if (other->file_id == m->file_id && mount_is_fsroot(other) && b->fds[k] >= 0)
			return &b->fds[k];
	}
	return NULL;
}

static int clone_sb_root(const struct build *b, const struct mount *m, int *from)
{
	int fd = yard_clone(b->staging_fd, from, m->root);

	return fd < 0 ? log_error(fd, "cannot open '%s', which mount %u '%s' shows of a %s",
				  m->root, m->id, m->mountpoint, m->fstype)
		      : fd;
}

int served_make(struct build *b, uint32_t i)
{
	const struct mount *m = &b->tree->mounts[i];
	int *from = find_sb_root(b, m);

	if (!from && !mount_is_fsroot(m))
		return -EAGAIN;
	cleanup_fd int fd = from ? clone_sb_root(b, m, from) : make_first(b, m);

	if (fd < 0)
		return fd;
	const uint32_t cleared = FLAGS_RESTRICTIONS | FLAGS_ATTR_ATIME | MOUNT_ATTR_NODIRATIME;
	int err = sys_mount_setattr(fd, 0, m->attributes, cleared, MS_PRIVATE, -1);

	if (err)
		return log_error(err, "cannot set the attributes of the plugin mount %u '%s'",
				 m->id, m->mountpoint);
	b->fds[i] = fd_take(&fd);
	return 0;
}
