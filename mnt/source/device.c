// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/source/device.h"

#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/fd.h"

const char *device_key(const struct mount *m, size_t *ret_size)
{
	size_t n = strlen(m->source);

	if (n < 6 || strncmp(m->source, "dev[", 4) != 0 || m->source[n - 1] != ']')
		return NULL;
	*ret_size = n - 5;
	return m->source + 4;
}

bool device_mounts(const char *fstype)
{
	static const char *const names[] = { "ext2",  "ext3",	 "ext4",     "xfs",
					     "btrfs", "f2fs",	 "vfat",     "exfat",
					     "ntfs3", "iso9660", "squashfs", "erofs" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], fstype) == 0)
			return true;
	return false;
}

int device_mount(const char *device, const struct mount *m)
{
	struct stat stat_buf;

	if (stat(device, &stat_buf) < 0)
		return -errno;
	if (!S_ISBLK(stat_buf.st_mode))
		return -ENOTBLK;
	cleanup_fd int fs = fsopen(m->fstype, FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "source", device, 0) < 0 ||
	    ((m->sb_flags & MS_RDONLY) && fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0) ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	int fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}
