// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/oci/device-node.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"

static const struct config_device common[] = {
	{ "/dev/null", false, 1, 3 },	 { "/dev/zero", false, 1, 5 },
	{ "/dev/full", false, 1, 7 },	 { "/dev/random", false, 1, 8 },
	{ "/dev/urandom", false, 1, 9 }, { "/dev/tty", false, 5, 0 },
	{ "/dev/ptmx", false, 5, 2 },
};

size_t device_node_n_common(void)
{
	return ARRAY_SIZE(common);
}

const struct config_device *device_node_common(size_t i)
{
	return &common[i];
}

int device_node_open(const struct config_device *device)
{
	cleanup_fd int fd = open(device->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if ((device->is_block ? !S_ISBLK(st.st_mode) : !S_ISCHR(st.st_mode)) ||
	    major(st.st_rdev) != device->major || minor(st.st_rdev) != device->minor)
		return -ENODEV;
	return fd_take(&fd);
}
