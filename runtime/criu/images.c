// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "image/image.h"
#include "runtime/criu/criu.h"

#define INVENTORY "inventory.img" /* what makes the files of a directory an image */
#define PARENT	  "parent" /* CRIU's link to the earlier image that an incremental one adds to */
#define OLDER	  ".rebind-older" /* where the image that was there waits until the new one is done */

static bool is_image_file(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, ".img") == 0;
}

typedef int (*image_file_fn)(int dir_fd, const char *name);

static int count_file(int dir_fd, const char *name)
{
	return 0;
}

static int remove_file(int dir_fd, const char *name)
{
	return unlinkat(dir_fd, name, 0) < 0 ? -errno : 0;
}

static int put_aside(int dir_fd, const char *name)
{
	cleanup_fd int older = openat(dir_fd, OLDER, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return older < 0 || renameat(dir_fd, name, older, name) < 0 ? -errno : 0;
}

static int put_back(int older_fd, const char *name)
{
	cleanup_fd int dir = openat(older_fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 || renameat(older_fd, name, dir, name) < 0 ? -errno : 0;
}

static bool has_inventory(int dir_fd)
{
	return faccessat(dir_fd, INVENTORY, F_OK, 0) == 0;
}

/* Do something with each file of an image but its inventory. Return: as for_each_file(). */
static int for_each_other(int dir_fd, image_file_fn fn)
{
	int own = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dirp DIR *dir = own < 0 ? NULL : fdopendir(own);
	const struct dirent *entry;
	int n = 0, more = dir ? 0 : -errno;

	while (dir && (more = fd_next_entry(dir, &entry)) > 0) {
		if (!is_image_file(entry->d_name) && strcmp(entry->d_name, PARENT) != 0)
			continue;
		if (strcmp(entry->d_name, INVENTORY) == 0)
			continue;
		int err = fn(dirfd(dir), entry->d_name);

		if (err)
			return err;
		n++;
	}
	return more < 0 ? more : n;
}

/*
 * Do something with each file of an image. If there are two images, the one here and the one in
 * OLDER, an inventory here says that this one is complete. So the inventory is moved first, and put
 * back last: a process that is killed in between loses neither image. Return: how many files there
 * are, or a negative errno.
 */
static int for_each_file(int dir_fd, image_file_fn fn)
{
	bool there = has_inventory(dir_fd), last = fn == put_back;
	int err = there && !last ? fn(dir_fd, INVENTORY) : 0;
	int n = err ? err : for_each_other(dir_fd, fn);

	if (n >= 0 && there && last)
		err = fn(dir_fd, INVENTORY);
	return n < 0 || err < 0 ? (n < 0 ? n : err) : n + there;
}

/* What waits in OLDER. Return: how many files, 0 also if there is no such, or a negative errno. */
static int for_each_older(int dir_fd, image_file_fn fn)
{
	cleanup_fd int older =
		openat(dir_fd, OLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int n = older < 0 ? 0 : for_each_file(older, fn);

	if (older < 0 || n < 0 || fn == count_file)
		return n;
	return unlinkat(dir_fd, OLDER, AT_REMOVEDIR) < 0 ? -errno : n;
}

/* A dump that was killed: what it left is an image if it came to the inventory, which is last. */
static int clear_older(int dir_fd)
{
	if (has_inventory(dir_fd))
		return for_each_older(dir_fd, remove_file);
	return for_each_older(dir_fd, put_back);
}

static int set_older_aside(int dir_fd)
{
	int n = clear_older(dir_fd);

	if (n >= 0)
		n = for_each_file(dir_fd, count_file);
	if (n <= 0)
		return n;
	if (mkdirat(dir_fd, OLDER, 0700) < 0)
		return -errno;
	n = for_each_file(dir_fd, put_aside);
	if (n < 0 && for_each_older(dir_fd, put_back) < 0)
		log_error(0,
			  "the older image is in '" OLDER "' of the image directory in part; the "
			  "next dump puts it back");
	return n;
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
		n = set_older_aside(dir);
	if (n < 0)
		return log_error(n, "cannot prepare the image directory '%s'", path);
	if (n)
		log_info("the image that is in '%s' is replaced when the new one is complete",
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
			 "the image has a parent, and CRIU would not find its pages at a restore: "
			 "dump all in one (without --prev-images-dir, parent_img, --parent-path)");
}

void criu_images_take_back(const char *path)
{
	cleanup_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int n = dir < 0 ? -errno : for_each_file(dir, remove_file);

	if (n < 0)
		log_error(n, "cannot remove what was dumped from '%s'", path);
	n = dir < 0 ? 0 : for_each_older(dir, put_back);
	if (n < 0)
		log_error(n, "cannot put the older image back: it is in '%s/" OLDER "'", path);
}

void criu_images_keep(const char *path)
{
	cleanup_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int n = dir < 0 ? -errno : for_each_older(dir, remove_file);

	if (n < 0)
		log_warn("the older image in '%s/" OLDER "' cannot be removed: %s", path,
			 strerror(-n));
}
