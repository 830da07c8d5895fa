// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "image/image.h"
#include "runtime/criu/criu.h"

#define PARENT "parent" /* CRIU's link to the earlier image that an incremental one adds to */

static bool is_image_file(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, ".img") == 0;
}

/*
 * Look at the files of an image, or take them away. Return: how many there are, or a negative
 * errno.
 */
static int go_through_images(const char *path, bool remove)
{
	cleanup_dirp DIR *dir = opendir(path);
	const struct dirent *entry;
	int n = 0, more = dir ? 0 : -errno;

	while (dir && (more = fd_next_entry(dir, &entry)) > 0) {
		if (!is_image_file(entry->d_name) && strcmp(entry->d_name, PARENT) != 0)
			continue;
		n++;
		if (remove && unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			return -errno;
	}
	return more < 0 ? more : n;
}

int criu_images_claim(const char *path, int *ret_dir)
{
	cleanup_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int n = dir < 0 ? -errno : image_lock(dir);

	if (n == -EBUSY)
		return log_error(n,
				 "another dump writes to the image directory '%s'; give each a "
				 "directory of its own",
				 path);
	if (!n)
		n = go_through_images(path, false);
	if (n < 0)
		return log_error(n, "cannot look into the image directory '%s'", path);
	if (n)
		return log_error(-EEXIST,
				 "the image directory '%s' holds files of an image already: give "
				 "an empty one",
				 path);
	*ret_dir = fd_take(&dir);
	return 0;
}

int criu_images_check_parent(int dir_fd)
{
	struct stat st;

	if (fstatat(dir_fd, PARENT, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return log_error(-EOPNOTSUPP,
			 "the image has a parent, whose pages CRIU would not find at a restore: "
			 "dump all in one (without --prev-images-dir, parent_img, --parent-path)");
}

void criu_images_take_back(const char *path)
{
	int n = go_through_images(path, true);

	if (n < 0)
		log_error(n, "cannot remove what was dumped from '%s'", path);
}
