// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Theory of operation
 *
 * A directory can only be bound to a directory and a file to a file, and only the plugin knows
 * which it mounts. So the plugin gets a path that does not exist: /crt-premount.<id> in the staging
 * root. It creates a directory or a file there, mounts on it, and says through is_file which it
 * was. This is the contract of CRIU's 2013 series. The plugin runs while the caller's root is still
 * visible, at /crt-old-root and, by symlinks, at its usual paths; the new root does not exist yet.
 * Later the mount is moved to its mountpoint (MS_MOVE) and the temporary mountpoint is removed:
 * unlink for a file, rmdir for a directory.
 *
 * Plugins are other people's code, so their work is checked: the path exists, a mount is on it, its
 * kind is what is_file says. If is_file is wrong, a warning names the plugin, and the kind that was
 * found counts. A plugin written for CRIU 4.2 may expect that the mountpoint exists. If it answers
 * ENOENT and the path does not exist, the path is created, of the recorded kind, and the hook is
 * called once more.
 *
 * The hook cannot know the record's flags and propagation. They are applied afterwards;
 * restrictions that the plugin set itself stay.
 */
#include "mnt/premount.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sys.h"
#include "mnt/ipc/mount-log.h"
#include "mnt/members.h"
#include "mnt/pivot.h"
#include "mnt/staging.h"
#include "model/flags.h"

#define POINT_SIZE 48

static const char *point_name(const struct mount *m, char buf[POINT_SIZE])
{
	snprintf(buf, POINT_SIZE, "/" PIVOT_PREMOUNT "%u", m->id);
	return buf;
}

static int create_point(struct build *b, const struct mount *m, const char *point)
{
	if (m->kind == MOUNT_KIND_DIRECTORY)
		return mkdirat(b->staging_fd, point + 1, 0755) < 0 ? -errno : 0;
	cleanup_fd int fd = openat(b->staging_fd, point + 1,
				   O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd < 0 ? -errno : 0;
}

static bool point_exists(struct build *b, const char *point)
{
	struct stat stat;

	return fstatat(b->staging_fd, point + 1, &stat, AT_SYMLINK_NOFOLLOW) == 0;
}

static int premount_ask(struct build *b, const struct mount *m, const char *point, int *is_file,
			const char **plugin)
{
	int err = b->options->premount_existing ? create_point(b, m, point) : 0;

	if (err)
		return log_error(err, "cannot create '%s'", point);
	err = hooks_restore_mount(b->host, (int)m->id, point, "/" PIVOT_OLD_ROOT, is_file, plugin);
	if (err != -ENOENT || b->options->premount_existing || point_exists(b, point))
		return err;
	err = create_point(b, m, point);
	if (err)
		return log_error(err, "cannot create '%s'", point);
	return hooks_restore_mount(b->host, (int)m->id, point, "/" PIVOT_OLD_ROOT, is_file, plugin);
}

/* What is on the path afterwards? */
static int premount_look(struct build *b, uint32_t i, const char *point, int is_file,
			 const char *plugin)
{
	const struct mount *m = &b->tree->mounts[i];
	struct sys_mount_stat stat;
	cleanup_fd int fd = openat(b->staging_fd, point + 1, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return log_error(
			-EPROTO,
			"plugin %s: RESTORE_EXT_MOUNT for mount %u '%s' left nothing at '%s'",
			plugin, m->id, m->mountpoint, point);
	int err = sys_mount_stat(fd, "", AT_EMPTY_PATH, &stat);

	if (err)
		return log_error(err, "cannot look at '%s'", point);
	if (!stat.is_mount_root)
		return log_error(
			-EPROTO,
			"plugin %s: RESTORE_EXT_MOUNT for mount %u '%s' mounted nothing at '%s'",
			plugin, m->id, m->mountpoint, point);
	bool directory = S_ISDIR(stat.mode);

	if (directory == !!is_file)
		log_warn(
			"plugin %s: RESTORE_EXT_MOUNT for mount %u '%s' said that it mounted a %s, but it is a %s",
			plugin, m->id, m->mountpoint, is_file ? "file" : "directory",
			directory ? "directory" : "file");
	b->targets[i].kind = directory ? MOUNT_KIND_DIRECTORY : MOUNT_KIND_FILE;
	b->fds[i] = fd_take(&fd);
	return 0;
}

/* The record's attributes and the plugin's restrictions; the caller is told, for the comparison. */
static int apply(struct build *b, uint32_t i)
{
	const struct mount *m = &b->tree->mounts[i];
	struct statvfs vfs;
	int fd = b->fds[i];

	if (fstatvfs(fd, &vfs) < 0)
		return log_error(-errno, "cannot look at the plugin mount %u '%s'", m->id,
				 m->mountpoint);
	uint32_t own = flags_attr_from_ms((uint32_t)vfs.f_flag & FLAGS_MS_ATTRIBUTES);

	uint32_t wanted = flags_union(m->attributes, own);
	struct ipc_message message = { .type = IPC_ATTRIBUTES, .attributes = { i, wanted } };
	int err = sys_mount_setattr(fd, 0, wanted, FLAGS_ATTR_ATIME | MOUNT_ATTR_NODIRATIME,
				    MS_PRIVATE, -1);

	if (err)
		return log_error(err, "cannot set the attributes of the plugin mount %u '%s'",
				 m->id, m->mountpoint);
	/* With thousands of mounts each message counts. */
	return wanted == m->attributes ? 0 : ipc_send(b->caller_fd, message, NULL, -1);
}

int premount_make(struct build *b, uint32_t i)
{
	const struct mount *m = &b->tree->mounts[i];
	const char *plugin = "?";
	char point[POINT_SIZE];
	struct mount_log log;
	int is_file = 0;

	/* The plugins' own side knows the temporary path only. */
	mount_log_begin(&log, m);
	int err = b->host ? premount_ask(b, m, point_name(m, point), &is_file, &plugin) : -ENOTSUP;

	mount_log_end(&log);
	if (err == -ENOTSUP)
		return log_error(
			       0,
			       "no plugin restores mount %u '%s': RESTORE_EXT_MOUNT was declined (-L, "
			       "rebind plugin list)",
			       m->id, m->mountpoint),
		       -ENOTSUP;
	if (err == -ENOENT)
		return log_error(err, "plugin %s: RESTORE_EXT_MOUNT for mount %u '%s'", plugin,
				 m->id, m->mountpoint);
	if (!err)
		err = premount_look(b, i, point, is_file, plugin);
	if (!err)
		err = staging_look(b, m, plugin, b->fds[i]);
	return err ? err : apply(b, i);
}

int premount_remove_point(struct build *b, uint32_t i)
{
	const struct mount *m = &b->tree->mounts[i];
	char point[POINT_SIZE];
	int flags = b->targets[i].kind == MOUNT_KIND_DIRECTORY ? AT_REMOVEDIR : 0;

	if (m->file_id)
		return 0; /* it never was in the staging root */
	if (unlinkat(b->staging_fd, point_name(m, point) + 1, flags) == 0)
		return 0;
	if (errno == EBUSY)
		return log_error(-EPROTO, "plugin mount %u '%s': a second mount is left at '%s'",
				 m->id, m->mountpoint, point);
	return log_error(-errno, "cannot remove '%s'", point);
}

static bool is_elsewhere(const struct build *b, uint32_t i)
{
	return b->n_members && b->targets[i].member != 0;
}

int premount_bring(struct build *b, uint32_t i)
{
	const struct mount *m = &b->tree->mounts[i];
	uint32_t there = b->inside;
	char point[POINT_SIZE];

	if (!is_elsewhere(b, i) || m->file_id)
		return 0;
	int err = members_enter(b, 0);

	if (err)
		return err;
	cleanup_fd int clone = sys_open_tree(b->fds[i], "", OPEN_TREE_CLONE | AT_EMPTY_PATH);

	if (clone < 0 || umount2(point_name(m, point), MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return log_error(clone < 0 ? clone : -errno,
				 "cannot take the plugin mount %u '%s' to its namespace", m->id,
				 m->mountpoint);
	fd_close(&b->fds[i]);
	b->fds[i] = fd_take(&clone);
	err = premount_remove_point(b, i);
	return err ? err : members_enter(b, there);
}
