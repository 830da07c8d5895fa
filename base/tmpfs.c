// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/tmpfs.h"

#include <sys/mount.h>

#include "base/fd.h"

int tmpfs_directory(void)
{
	cleanup_fd int fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "source", "rebind", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0755", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	int fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}
