// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/source/yard.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/sys.h"

#define NAME_SIZE 48

static const char *yard_name(char buf[NAME_SIZE], const char *what, uint32_t number)
{
	snprintf(buf, NAME_SIZE, "crt-yard.%.20s.%u", what, number);
	return buf;
}

/* A directory is put on a directory, anything else on a file. */
static int make_point(int staging_fd, const char *name, uint32_t mode)
{
	if (S_ISDIR(mode))
		return mkdirat(staging_fd, name, 0700) < 0 ? -errno : 0;
	return mknodat(staging_fd, name, S_IFREG | 0600, 0) < 0 ? -errno : 0;
}

int yard_put(int staging_fd, const char *what, uint32_t number, int fd)
{
	struct sys_mount_stat stat;
	char name[NAME_SIZE];
	int err = sys_mount_stat(fd, "", AT_EMPTY_PATH, &stat);

	if (!err)
		err = make_point(staging_fd, yard_name(name, what, number), stat.mode);
	if (err)
		return err;
	err = sys_move_mount(fd, "", staging_fd, name, MOVE_MOUNT_F_EMPTY_PATH);
	if (err)
		unlinkat(staging_fd, name, S_ISDIR(stat.mode) ? AT_REMOVEDIR : 0);
	return err;
}

static int take_out(int staging_fd, const char *what, uint32_t number)
{
	char name[NAME_SIZE], path[NAME_SIZE + 1];

	snprintf(path, sizeof(path), "/%s", yard_name(name, what, number));
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return -errno;
	if (unlinkat(staging_fd, name, AT_REMOVEDIR) == 0)
		return 0;
	return errno == ENOTDIR && unlinkat(staging_fd, name, 0) == 0 ? 0 : -errno;
}

static int clone_part(int fd, const char *path)
{
	cleanup_fd int part = *path ? path_open_beneath(fd, path) : -EBADF;

	if (*path && part < 0)
		return part;
	return sys_open_tree(*path ? part : fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
}

int yard_clone(int staging_fd, int *fd, const char *path)
{
	int err = yard_put(staging_fd, "once", 0, *fd);

	if (err)
		return err;
	cleanup_fd int part = clone_part(*fd, path);
	cleanup_fd int again = clone_part(*fd, "");

	if (again < 0)
		return again;
	fd_close(fd);
	*fd = fd_take(&again);
	err = take_out(staging_fd, "once", 0);
	return err ? err : part < 0 ? part : fd_take(&part);
}
