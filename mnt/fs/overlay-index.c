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

#define ORIGIN "trusted.overlay.origin" /* of a file: the one that it was copied from */
#define UPPER  "trusted.overlay.upper"	/* of the index: the upper layer that it belongs to */

static bool is_on(const struct filesystem_option *option, const char *name)
{
	return strcmp(option->name, name) == 0 && option->value && strcmp(option->value, "on") == 0;
}

bool overlay_index_is_used(const char *options, bool *ret_export)
{
	struct filesystem_option option;
	bool used = false;

	*ret_export = false;
	while (filesystem_next_option(&options, &option) > 0) {
		used |= is_on(&option, "index");
		*ret_export |= is_on(&option, "nfs_export");
		filesystem_free_option(&option);
	}
	return used || *ret_export;
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
static int has_directory_with_origin(int dir_fd, const char *name, bool is_root)
{
	cleanup_fd int fd = open_readable(dir_fd, name);
	cleanup_dirp DIR *dir = fd < 0 ? NULL : fd_open_dir(fd, ".");
	const struct dirent *entry;
	int found = 0, more = 0;

	if (fd == -ENOTDIR || fd == -ELOOP)
		return 0;
	if (!dir)
		return fd < 0 ? fd : -errno;
	if (!is_root && fgetxattr(dirfd(dir), ORIGIN, NULL, 0) >= 0)
		return 1;
	while (!found && (more = fd_next_entry(dir, &entry)) > 0)
		if (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN)
			found = has_directory_with_origin(dirfd(dir), entry->d_name, false);
	return found ? found : more;
}

int overlay_index_needed(int upper_fd, int work_fd, bool export)
{
	cleanup_fd int index = path_open_beneath(work_fd, "index");
	int needed = index >= 0 ? has_entries(index) : index == -ENOENT ? 0 : index;

	if (needed || !export)
		return needed;
	needed = has_directory_with_origin(upper_fd, ".", true);
	return needed > 0 ? 2 : needed;
}

static int forget(int dir_fd, const char *name)
{
	cleanup_fd int fd = open_readable(dir_fd, ".");

	if (fd < 0)
		return fd;
	return fremovexattr(fd, name) < 0 && errno != ENODATA ? -errno : 0;
}

int overlay_index_forget(int upper_fd, int work_fd)
{
	cleanup_fd int index = path_open_beneath(work_fd, "index");
	int err = forget(upper_fd, ORIGIN);

	if (index == -ENOENT)
		return err;
	if (!err)
		err = index < 0 ? index : forget(index, UPPER);
	return err ? err : forget(index, ORIGIN); /* older kernels have it there */
}
