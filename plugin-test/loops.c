// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plugin-test/loops.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "plugin-test/kit.h"

/* The node is ours: /dev need not have one. */
#define NODE KIT_BASE "/loop"

static int open_device(dev_t device)
{
	if (mknod(NODE, S_IFBLK | 0600, device) < 0)
		return -errno;
	int fd = open(NODE, O_RDONLY | O_NONBLOCK | O_CLOEXEC), err = fd < 0 ? -errno : fd;

	unlink(NODE);
	return err;
}

/* Return: 0; -ENXIO: it has no file; or another negative errno. */
static int read_device(dev_t device, struct loop_info64 *ret)
{
	cleanup_fd int fd = open_device(device);

	if (fd < 0)
		return fd;
	return ioctl(fd, LOOP_GET_STATUS64, ret) < 0 ? -errno : 0;
}

static bool is_loop(dev_t device)
{
	return major(device) == LOOP_MAJOR;
}

static bool is_writable(const struct loop_info64 *info)
{
	return !(info->lo_flags & LO_FLAGS_READ_ONLY);
}

static bool has_file(const struct loop_info64 *info, uint64_t device, uint64_t inode)
{
	return info->lo_device == device && info->lo_inode == inode;
}

/* The first byte behind what it shows: without a limit that is the end of the file. */
static uint64_t end_of(const struct loop_info64 *info)
{
	return info->lo_sizelimit ? info->lo_offset + info->lo_sizelimit : UINT64_MAX;
}

static bool overlap(const struct loop_info64 *a, const struct loop_info64 *b)
{
	return has_file(a, b->lo_device, b->lo_inode) && a->lo_offset < end_of(b) &&
	       b->lo_offset < end_of(a);
}

/* "loop7" has one, "loop-control" none. */
static int device_of(const char *name, dev_t *ret)
{
	cleanup_free char *text = NULL;
	unsigned int major_number, minor_number;
	char path[300];
	size_t size;

	snprintf(path, sizeof(path), "/sys/block/%s/dev", name);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? -errno : fd_slurp(fd, &text, &size);

	if (err)
		return err;
	if (sscanf(text, "%u:%u", &major_number, &minor_number) != 2)
		return -EINVAL;
	*ret = makedev(major_number, minor_number);
	return 0;
}

/* Called for each that has a file. Return: a negative errno, or not 0 to end. */
typedef int (*loop_fn)(void *data, dev_t device, const struct loop_info64 *info);

static int each_loop(loop_fn fn, void *data)
{
	cleanup_dirp DIR *dir = opendir("/sys/block");
	const struct dirent *entry;
	struct loop_info64 info;
	dev_t device;
	int err = 0, more = dir ? 0 : -errno;

	while (!err && dir && (more = fd_next_entry(dir, &entry)) > 0) {
		if (strncmp(entry->d_name, "loop", 4) != 0 || device_of(entry->d_name, &device))
			continue;
		err = read_device(device, &info);
		err = err == -ENXIO ? 0 : err ? err : fn(data, device, &info);
	}
	return err ? err : more;
}

struct count {
	uint64_t device, inode;
	int n;
};

static int count_one(void *data, dev_t device, const struct loop_info64 *info)
{
	struct count *count = data;

	count->n += has_file(info, count->device, count->inode);
	return 0;
}

int kit_loops(const char *path)
{
	struct loop_info64 info;
	struct count count = { 0 };
	struct stat st;

	if (stat(path, &st) < 0)
		return 0;
	if (S_ISREG(st.st_mode)) {
		count.device = st.st_dev;
		count.inode = st.st_ino;
	} else if (is_loop(st.st_dev)) {
		int err = read_device(st.st_dev, &info);

		if (err)
			return err;
		count.device = info.lo_device;
		count.inode = info.lo_inode;
	} else {
		return 0;
	}
	int err = each_loop(count_one, &count);

	return err ? err : count.n;
}

struct twin {
	dev_t device;
	struct loop_info64 info;
	unsigned int found;
};

static int match_twin(void *data, dev_t device, const struct loop_info64 *info)
{
	struct twin *twin = data;

	if (device == twin->device || !overlap(&twin->info, info) ||
	    (!is_writable(&twin->info) && !is_writable(info)))
		return 0;
	twin->found = minor(device);
	return 1;
}

int kit_loop_twin(dev_t device, unsigned int *ret)
{
	struct twin twin = { .device = device };
	int err = is_loop(device) ? read_device(device, &twin.info) : 0;

	if (err || !is_loop(device))
		return err;
	int found = each_loop(match_twin, &twin);

	if (found > 0)
		*ret = twin.found;
	return found;
}
