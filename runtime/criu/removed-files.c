// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/criu/removed-files.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/sys.h"
#include "image/ghost.h"
#include "model/ids.h"

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
	size_t n = path_dir_size(path);
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

uint32_t removed_files_outside(const struct mount_id_extent *map, uint32_t n, uint32_t id)
{
	return n ? ids_outside(map, n, id) : id;
}

static int set_owner(const struct criu_removed *removed, const struct ghost *ghost, int fd)
{
	uid_t uid = removed_files_outside(removed->map.uid, removed->map.n_uid, ghost->uid);
	gid_t gid = removed_files_outside(removed->map.gid, removed->map.n_gid, ghost->gid);
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

/* Of the directory that both paths are in, however deep: the first of them ends with "/NAME". */
static size_t common_size(const char *left, const char *right)
{
	size_t n = 0;

	for (size_t i = 0; left[i] && left[i] == right[i]; i++)
		if (left[i] == '/')
			n = i;
	return n;
}

/* The directory of a path, below one above. */
static int open_below(int above_fd, const char *rest, const char **ret_name)
{
	size_t n = path_dir_size(rest);
	cleanup_free char *dir = strndup(rest, n);

	*ret_name = rest + n + 1;
	if (!dir)
		return -ENOMEM;
	return n ? path_open_across(above_fd, dir) : fcntl(above_fd, F_DUPFD_CLOEXEC, 3);
}

/*
 * Both names are in one mount (removed_read()), so what is above both is in it, too. They are looked
 * up from there: two clones of a read-only mount are two mounts, and link(2) does not do that.
 */
static int make_link(const struct criu_removed *removed, const char *to, const char *made)
{
	size_t n = common_size(to, made);
	cleanup_free char *path = strndup(n ? to : "/", n ? n : 1);
	cleanup_fd int above = path ? open_directory(removed, path) : -ENOMEM;
	const char *old, *name;
	cleanup_fd int from = above < 0 ? above : open_below(above, to + n, &old);
	cleanup_fd int dir = from < 0 ? from : open_below(above, made + n, &name);

	if (dir < 0)
		return dir;
	return linkat(from, old, dir, name, 0) < 0 ? -errno : 0;
}

static int make_file(const struct criu_removed *removed, const struct removed_file *file,
		     const struct removed_file *first)
{
	const char *to = file->link ? file->link : first ? first->made : NULL, *name;
	cleanup_fd int dir = to ? -EBADF : open_parent(removed, file->made, &name);

	if (to)
		return make_link(removed, to, file->made);
	return dir < 0 ? dir : make_ghost(removed, file, dir, name);
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

int removed_files_make(const struct criu_removed *removed)
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

int removed_files_finish(const struct criu_removed *removed)
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

int removed_files_take_back(const struct criu_removed *removed)
{
	for_each_up(removed, take_back_one);
	return put_times(removed);
}
