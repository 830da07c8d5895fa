// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * All of it is done in a child. It has the ids of the root of the processes' user namespace,
 * because others could create nothing in filesystems of that namespace. It enters the mount
 * namespace if a read-only mount needs a writable clone. If the directory of a removed file was
 * removed, too, it is created for that time; the deepest ones are removed first.
 */
#include "runtime/criu/removed.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/child.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/names.h"
#include "base/ns.h"
#include "base/path.h"
#include "mnt/scan/option-ids.h"
#include "runtime/criu/removed-files.h"

int criu_removed_find(struct criu_removed *removed, const char *images_dir,
		      struct findings *findings)
{
	removed->images_fd = open(images_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (removed->images_fd < 0)
		return log_error(-errno, "cannot open the image directory '%s'", images_dir);
	return removed_read(removed->images_fd, &removed->files, findings);
}

/* ---- what will be made ---- */

/* Each directory above that is not there, parents first. */
static int note_gone(struct criu_removed *removed, struct names *seen, const char *path)
{
	for (const char *end = strchr(path + 1, '/'); end; end = strchr(end + 1, '/')) {
		cleanup_free char *dir = strndup(path, (size_t)(end - path));
		size_t n = strlen(dir ? dir : "");

		if (!dir)
			return -ENOMEM;
		if (names_get(seen, dir, n) != TABLE_NONE)
			continue;
		cleanup_fd int fd = path_open_across(removed->root_fd, dir);

		if (fd != -ENOENT)
			continue;
		int err = strings_add(&removed->gone, dir, n);

		if (!err)
			err = names_put(seen, removed->gone.list[removed->gone.n - 1], n, 0);
		if (err)
			return err;
	}
	return 0;
}

static int keep_times(struct criu_removed *removed, const char *path, int fd)
{
	struct criu_removed_parent *parent = &removed->parents[removed->n_parents];
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (fs.f_type != TMPFS_MAGIC)
		return 0;
	*parent = (struct criu_removed_parent){ path, { st.st_atim, st.st_mtim } };
	removed->n_parents++;
	return 0;
}

/* The directory of a path, once. */
static int note_parent(struct criu_removed *removed, struct names *seen, const char *path)
{
	size_t n = path_dir_size(path);
	int err = strings_add(&removed->parent_paths, n ? path : "/", n ? n : 1);

	if (err)
		return err;
	const char *dir = removed->parent_paths.list[removed->parent_paths.n - 1];

	if (names_get(seen, dir, strlen(dir)) != TABLE_NONE)
		return 0;
	cleanup_fd int fd = path_open_across(removed->root_fd, dir);

	if (fd >= 0)
		err = keep_times(removed, dir, fd);
	return err ? err : names_put(seen, dir, strlen(dir), 0);
}

static int note_parents(struct criu_removed *removed)
{
	cleanup_names struct names seen = { 0 };
	int err = 0;

	removed->parents = calloc(removed->files.n + removed->gone.n, sizeof(*removed->parents));
	if (!removed->parents)
		return -ENOMEM;
	for (size_t i = 0; i < removed->files.n && !err; i++)
		err = note_parent(removed, &seen, removed->files.list[i].path);
	for (size_t i = 0; i < removed->gone.n && !err; i++)
		err = note_parent(removed, &seen, removed->gone.list[i]);
	return err;
}

static int note_all(struct criu_removed *removed)
{
	cleanup_names struct names seen = { 0 };
	int err = 0;

	for (size_t i = 0; i < removed->files.n && !err; i++)
		err = note_gone(removed, &seen, removed->files.list[i].path);
	return err ? err : note_parents(removed);
}

/* Without the namespace the mounts below its root would be gone. */
static void take_back_after(void *data, int ns_fd)
{
	struct criu_removed removed = *(struct criu_removed *)data;

	if (setns(ns_fd, CLONE_NEWNS) < 0)
		return;
	removed.ns_fd = ns_fd;
	removed.root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	removed_files_take_back(&removed);
}

/* ---- in a child ---- */

/* What is made in a filesystem of a user namespace has to have an owner there. */
static int become_owner(const struct mount_idmap *map)
{
	if (!map->n_uid || !map->n_gid)
		return 0;
	setfsgid(removed_files_outside(map->gid, map->n_gid, 0));
	setfsuid(removed_files_outside(map->uid, map->n_uid, 0));
	int err = child_hide();

	return err ? err : caps_raise();
}

static int in_child(const struct criu_removed *removed,
		    int (*fn)(const struct criu_removed *removed))
{
	pid_t pid = child_fork();

	if (pid == 0) {
		int err = become_owner(&removed->map);

		_exit(-(err ? err : fn(removed)));
	}
	return pid < 0 ? log_error(pid, "cannot fork") : child_wait_errno(pid);
}

/* No map: it is ours. */
static int read_maps(pid_t pid, struct mount_idmap *ret)
{
	int differs = pid ? ns_differs(pid, "user") : 0;

	return differs <= 0 ? differs : option_ids_read_of(pid, ret);
}

int criu_removed_make(struct criu_removed *removed, int ns_fd, int root_fd, pid_t root_task)
{
	if (!removed->files.n)
		return 0;
	removed->ns_fd = fcntl(ns_fd, F_DUPFD_CLOEXEC, 3);
	removed->root_fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 3);
	int err = removed->ns_fd < 0 || removed->root_fd < 0 ? -errno
							     : read_maps(root_task, &removed->map);

	if (!err)
		err = note_all(removed);
	if (err)
		return log_error(err, "cannot make again the removed files that are open");
	err = guard_start(&removed->guard, GUARD_ALL_GONE, take_back_after, removed,
			  removed->ns_fd);
	removed->is_made = !err;
	return err ? err : in_child(removed, removed_files_make);
}

int criu_removed_finish(struct criu_removed *removed)
{
	int err = removed->is_made ? in_child(removed, removed_files_finish) : 0;

	if (!err)
		removed->is_made = false;
	guard_end(&removed->guard);
	return err;
}

void criu_removed_end(struct criu_removed *removed)
{
	if (removed->is_made)
		in_child(removed, removed_files_take_back);
	guard_end(&removed->guard);
	removed_free(&removed->files);
	strings_free(&removed->gone);
	strings_free(&removed->parent_paths);
	free(removed->parents);
	option_ids_free_maps(&removed->map);
	fd_close(&removed->images_fd);
	fd_close(&removed->ns_fd);
	fd_close(&removed->root_fd);
	*removed = (struct criu_removed){ CRIU_REMOVED_INIT };
}
