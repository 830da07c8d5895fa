// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/fs/overlay-index.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "model/filesystem.h"

#define DEPTH_MAX 1000 /* of directories that are looked at: each takes a descriptor */

static bool is_on(const struct filesystem_option *option, const char *name)
{
	return strcmp(option->name, name) == 0 && option->value && strcmp(option->value, "on") == 0;
}

bool overlay_index_look(const char *options, struct overlay_index *ret)
{
	struct filesystem_option option;
	bool used = false, user = false;

	*ret = (struct overlay_index){ .export = false };
	while (filesystem_next_option(&options, &option) > 0) {
		used |= is_on(&option, "index");
		ret->export |= is_on(&option, "nfs_export");
		user |= strcmp(option.name, "userxattr") == 0;
		filesystem_free_option(&option);
	}
	ret->origin = user ? "user.overlay.origin" : "trusted.overlay.origin";
	ret->upper = user ? "user.overlay.upper" : "trusted.overlay.upper";
	return used || ret->export;
}

static int open_readable(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int has_entries(int index_fd)
{
	cleanup_dirp DIR *dir = fd_open_dir(index_fd, ".");
	const struct dirent *entry;

	return dir ? fd_next_entry(dir, &entry) : -errno;
}

/* There is no /proc in a new root: a descriptor for each level. @dir_fd itself does not count. */
static int has_directory_with_origin(const struct overlay_index *index, int dir_fd,
				     const char *name, int depth)
{
	cleanup_fd int fd = open_readable(dir_fd, name);
	const struct dirent *entry;
	int found = 0, more = 0;

	if (fd < 0)
		return fd == -ENOTDIR || fd == -ELOOP ? 0 : fd;
	if (depth && fgetxattr(fd, index->origin, NULL, 0) >= 0)
		return 1;
	if (depth > DEPTH_MAX)
		return -ENAMETOOLONG;
	cleanup_dirp DIR *dir = fdopendir(fd);

	if (!dir)
		return -errno;
	fd_take(&fd);
	while (!found && (more = fd_next_entry(dir, &entry)) > 0)
		if (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN)
			found = has_directory_with_origin(index, dirfd(dir), entry->d_name,
							  depth + 1);
	return found ? found : more;
}

int overlay_index_needed(const struct overlay_index *index, int upper_fd, int work_fd)
{
	cleanup_fd int fd = path_open_beneath(work_fd, "index");
	int needed = fd >= 0 ? has_entries(fd) : fd == -ENOENT ? 0 : fd;

	if (needed || !index->export)
		return needed;
	needed = has_directory_with_origin(index, upper_fd, ".", 0);
	return needed > 0 ? 2 : needed;
}

static int forget(int dir_fd, const char *name)
{
	cleanup_fd int fd = open_readable(dir_fd, ".");

	if (fd < 0)
		return fd;
	return fremovexattr(fd, name) < 0 && errno != ENODATA ? -errno : 0;
}

int overlay_index_forget(const struct overlay_index *index, int upper_fd, int work_fd)
{
	cleanup_fd int fd = path_open_beneath(work_fd, "index");
	int err = forget(upper_fd, index->origin);

	if (fd == -ENOENT)
		return err;
	if (!err)
		err = fd < 0 ? fd : forget(fd, index->upper);
	return err ? err : forget(fd, index->origin); /* older kernels have it there */
}
