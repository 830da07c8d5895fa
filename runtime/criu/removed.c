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
#include <sys/mount.h>
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
#include "base/sys.h"
#include "image/ghost.h"
#include "model/ids.h"

int criu_removed_find(struct criu_removed *removed, const char *images_dir,
		      struct findings *findings)
{
	removed->images_fd = open(images_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (removed->images_fd < 0)
		return log_error(-errno, "cannot open the image directory '%s'", images_dir);
	return removed_read(removed->images_fd, &removed->files, findings);
}

/* ---- what will be made ---- */

static size_t directory_size(const char *path)
{
	return (size_t)(strrchr(path, '/') - path);
}

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
	size_t n = directory_size(path);
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

/* ---- where ---- */

/* A writable clone of a read-only mount, which itself stays read-only. */
static int open_writable(const struct criu_removed *removed, int dir_fd)
{
	if (setns(removed->ns_fd, CLONE_NEWNS) < 0)
		return -errno;
	cleanup_fd int clone = sys_open_tree(dir_fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
	int err = clone < 0 ? clone : sys_mount_setattr(clone, 0, 0, MOUNT_ATTR_RDONLY, 0, -1);

	return err ? err : fd_take(&clone);
}

static int open_directory(const struct criu_removed *removed, const char *path)
{
	cleanup_fd int dir = path_open_across(removed->root_fd, path);
	struct statfs fs;

	if (dir < 0)
		return dir;
	if (fstatfs(dir, &fs) < 0)
		return -errno;
	if (!(fs.f_flags & MS_RDONLY))
		return fd_take(&dir);
	return open_writable(removed, dir);
}

/* The directory of a path, and its last component. */
static int open_parent(const struct criu_removed *removed, const char *path, const char **ret_name)
{
	size_t n = directory_size(path);
	cleanup_free char *dir = strndup(n ? path : "/", n ? n : 1);

	*ret_name = path + n + 1;
	return dir ? open_directory(removed, dir) : -ENOMEM;
}

/* ---- making them ---- */

static int make_regular(struct ghost *ghost, int dir_fd, const char *name)
{
	cleanup_findings struct findings findings = { 0 };
	cleanup_fd int fd = openat(dir_fd, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	int err = fd < 0 ? -errno : ghost_write(ghost, fd, &findings);

	if (findings.n)
		log_error(0, "%s", findings.list[0].text);
	return err ? err : fd_take(&fd);
}

/* What was made, by a descriptor: others may put something else in its place meanwhile. */
static int open_made(const struct ghost *ghost, int dir_fd, const char *name)
{
	int how = S_ISDIR(ghost->mode) ? O_RDONLY | O_DIRECTORY : O_PATH;
	cleanup_fd int fd = openat(dir_fd, name, how | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return (st.st_mode ^ ghost->mode) & S_IFMT ? -ESTALE : fd_take(&fd);
}

/* Return: a descriptor of it, of a file or directory one that its mode can be set by. */
static int make_node(struct ghost *ghost, int dir_fd, const char *name)
{
	int failed;

	if (S_ISREG(ghost->mode))
		return make_regular(ghost, dir_fd, name);
	mode_t mask = umask(0);

	if (S_ISDIR(ghost->mode))
		failed = mkdirat(dir_fd, name, 0700);
	else if (S_ISLNK(ghost->mode))
		failed = symlinkat(ghost->target, dir_fd, name);
	else
		failed = mknodat(dir_fd, name, ghost->mode & (S_IFMT | 0777), ghost->rdev);
	int err = failed ? -errno : open_made(ghost, dir_fd, name);

	umask(mask);
	return err;
}

static uid_t outside(const struct mount_id_extent *map, uint32_t n, uint32_t id)
{
	return n ? ids_outside(map, n, id) : id;
}

static int set_owner(const struct criu_removed *removed, const struct ghost *ghost, int fd)
{
	uid_t uid = outside(removed->map.uid, removed->map.n_uid, ghost->uid);
	gid_t gid = outside(removed->map.gid, removed->map.n_gid, ghost->gid);
	bool has_mode = S_ISREG(ghost->mode) || S_ISDIR(ghost->mode);

	/* Such an id would mean: as it is. */
	if (uid == UINT32_MAX || gid == UINT32_MAX)
		return -EOVERFLOW;
	if (fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0 ||
	    (has_mode && fchmod(fd, ghost->mode & 07777) < 0))
		return -errno;
	return ghost->has_times && utimensat(fd, "", ghost->times, AT_EMPTY_PATH) < 0 ? -errno : 0;
}

static int make_ghost(const struct criu_removed *removed, const struct removed_file *file,
		      int dir_fd, const char *name)
{
	cleanup_findings struct findings findings = { 0 };
	cleanup_ghost struct ghost ghost = GHOST_INIT;
	int err = ghost_open(removed->images_fd, file->remap, &ghost, &findings);
	cleanup_fd int fd = err ? err : make_node(&ghost, dir_fd, name);

	return fd < 0 ? fd : set_owner(removed, &ghost, fd);
}

/* In one directory by one descriptor: two of two mounts would not do. */
static int make_link(const struct criu_removed *removed, const char *to, int dir_fd,
		     const char *name)
{
	const char *old;
	cleanup_fd int from = open_parent(removed, to, &old);

	if (from < 0)
		return from;
	return linkat(fd_same_file(from, dir_fd) ? dir_fd : from, old, dir_fd, name, 0) < 0 ? -errno
											    : 0;
}

static int make_file(const struct criu_removed *removed, const struct removed_file *file,
		     const struct removed_file *first)
{
	const char *name;
	cleanup_fd int dir = open_parent(removed, file->made, &name);
	const char *to = file->link ? file->link : first ? first->made : NULL;

	if (dir < 0)
		return dir;
	return to ? make_link(removed, to, dir, name) : make_ghost(removed, file, dir, name);
}

static int make_gone(const struct criu_removed *removed, const char *path)
{
	const char *name;
	cleanup_fd int dir = open_parent(removed, path, &name);

	return dir < 0 ? dir : mkdirat(dir, name, 0755) < 0 ? -errno : 0;
}

/* The first that was made of a ghost file, or NULL. */
static int find_first(struct table *ghosts, const struct removed_files *files, size_t index,
		      const struct removed_file **ret)
{
	const struct removed_file *file = &files->list[index];
	uint32_t first = file->link ? TABLE_NONE : table_get(ghosts, file->remap);

	*ret = first == TABLE_NONE ? NULL : &files->list[first];
	if (file->link || *ret)
		return 0;
	return table_put(ghosts, file->remap, (uint32_t)index, NULL);
}

static int make_files(const struct criu_removed *removed)
{
	cleanup_table struct table ghosts = { 0 };
	const struct removed_file *first = NULL;
	int err = 0;

	for (size_t i = 0; i < removed->files.n && !err; i++) {
		const struct removed_file *file = &removed->files.list[i];

		err = find_first(&ghosts, &removed->files, i, &first);
		if (!err && !file->is_again)
			err = make_file(removed, file, first);
		if (err)
			log_error(err, "cannot make '%s' again, a removed file that is open",
				  file->path);
	}
	return err;
}

static int make_all(const struct criu_removed *removed)
{
	for (size_t i = 0; i < removed->gone.n; i++) {
		int err = make_gone(removed, removed->gone.list[i]);

		if (err)
			return log_error(err,
					 "cannot make directory '%s', in which a removed file is "
					 "open",
					 removed->gone.list[i]);
	}
	return make_files(removed);
}

/* ---- removing them ---- */

static size_t depth_of(const char *path)
{
	size_t depth = 0;

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

static size_t depth_of_all(const struct criu_removed *removed)
{
	size_t most = 0;

	for (size_t i = 0; i < removed->files.n; i++) {
		size_t depth = depth_of(removed->files.list[i].path);

		most = depth > most ? depth : most;
	}
	return most;
}

/* The deeper ones first; a directory of ours goes before one that was removed and had its name. */
static int for_each_up(const struct criu_removed *removed,
		       int (*fn)(const struct criu_removed *removed,
				 const struct removed_file *file, const char *gone))
{
	int failed = 0;

	for (size_t depth = depth_of_all(removed); depth; depth--) {
		for (size_t i = removed->gone.n; i-- > 0;) {
			const char *gone = removed->gone.list[i];
			int err = depth_of(gone) == depth ? fn(removed, NULL, gone) : 0;

			failed = failed ? failed : err;
		}
		for (size_t i = 0; i < removed->files.n; i++) {
			const struct removed_file *file = &removed->files.list[i];
			bool now = depth_of(file->path) == depth && !file->is_again;
			int err = now ? fn(removed, file, NULL) : 0;

			failed = failed ? failed : err;
		}
	}
	return failed;
}

static int remove_path(const struct criu_removed *removed, const char *path, int flags)
{
	const char *name;
	cleanup_fd int dir = open_parent(removed, path, &name);

	if (dir < 0)
		return dir;
	return unlinkat(dir, name, flags) < 0 ? -errno : 0;
}

static int flags_of(const struct removed_file *file)
{
	return S_ISDIR(file->mode) ? AT_REMOVEDIR : 0;
}

/* The name that it had is what the kernel shows of it, with " (deleted)". */
static int name_and_remove(const struct criu_removed *removed, const struct removed_file *file)
{
	const char *made = strrchr(file->made, '/') + 1, *name;
	cleanup_fd int dir = open_parent(removed, file->path, &name);

	if (dir < 0)
		return dir;
	if (file->is_watched || renameat2(dir, made, dir, name, RENAME_NOREPLACE) < 0)
		name = made;
	return unlinkat(dir, name, flags_of(file)) < 0 ? -errno : 0;
}

static int finish_directory(const struct criu_removed *removed, const char *path)
{
	int err = remove_path(removed, path, AT_REMOVEDIR);

	return err ? log_error(err, "cannot remove '%s' again, which was made for a moment", path)
		   : 0;
}

static int finish_file(const struct criu_removed *removed, const struct removed_file *file)
{
	int err = name_and_remove(removed, file);

	if (!err && file->link)
		err = remove_path(removed, file->link, 0);
	return err ? log_error(err, "cannot remove '%s' again, which is open in a restored process",
			       file->path)
		   : 0;
}

static int finish_one(const struct criu_removed *removed, const struct removed_file *file,
		      const char *gone)
{
	return gone ? finish_directory(removed, gone) : finish_file(removed, file);
}

static int put_times(const struct criu_removed *removed)
{
	for (size_t i = 0; i < removed->n_parents; i++) {
		const struct criu_removed_parent *parent = &removed->parents[i];
		cleanup_fd int fd = open_directory(removed, parent->path);

		/* /proc may be another one by now. */
		if (fd >= 0)
			utimensat(fd, "", parent->times, AT_EMPTY_PATH);
	}
	return 0;
}

static int finish_all(const struct criu_removed *removed)
{
	int err = for_each_up(removed, finish_one);

	return err ? err : put_times(removed);
}

static int take_back_one(const struct criu_removed *removed, const struct removed_file *file,
			 const char *gone)
{
	remove_path(removed, gone ? gone : file->made, gone ? AT_REMOVEDIR : flags_of(file));
	return 0;
}

static int removed_take_back(const struct criu_removed *removed)
{
	for_each_up(removed, take_back_one);
	return put_times(removed);
}

/* Without the namespace the mounts below its root would be gone. */
static void take_back_after(void *data, int ns_fd)
{
	struct criu_removed removed = *(struct criu_removed *)data;

	if (setns(ns_fd, CLONE_NEWNS) < 0)
		return;
	removed.ns_fd = ns_fd;
	removed.root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	for_each_up(&removed, take_back_one);
}

/* ---- in a child ---- */

/* What is made in a filesystem of a user namespace has to have an owner there. */
static int become_owner(const struct mount_idmap *map)
{
	if (!map->n_uid || !map->n_gid)
		return 0;
	setfsgid(outside(map->gid, map->n_gid, 0));
	setfsuid(outside(map->uid, map->n_uid, 0));
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

static int read_map(pid_t pid, const char *name, struct mount_id_extent **ret, uint32_t *ret_n)
{
	cleanup_free char *text = NULL;
	char path[64];
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : fd_slurp(fd, &text, &size);

	return err ? err : ids_parse_map(text, ret, ret_n);
}

static int read_maps(pid_t pid, struct mount_idmap *ret)
{
	int differs = pid ? ns_differs(pid, "user") : 0;

	if (differs <= 0)
		return differs;
	int err = read_map(pid, "uid_map", &ret->uid, &ret->n_uid);

	return err ? err : read_map(pid, "gid_map", &ret->gid, &ret->n_gid);
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
	return err ? err : in_child(removed, make_all);
}

int criu_removed_finish(struct criu_removed *removed)
{
	int err = removed->is_made ? in_child(removed, finish_all) : 0;

	if (!err)
		removed->is_made = false;
	guard_end(&removed->guard);
	return err;
}

void criu_removed_end(struct criu_removed *removed)
{
	if (removed->is_made)
		in_child(removed, removed_take_back);
	guard_end(&removed->guard);
	removed_free(&removed->files);
	strings_free(&removed->gone);
	strings_free(&removed->parent_paths);
	free(removed->parents);
	free(removed->map.uid);
	free(removed->map.gid);
	fd_close(&removed->images_fd);
	fd_close(&removed->ns_fd);
	fd_close(&removed->root_fd);
	*removed = (struct criu_removed){ CRIU_REMOVED_INIT };
}
