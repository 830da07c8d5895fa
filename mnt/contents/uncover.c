// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/contents/uncover.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/tmpfs.h"
#include "base/sys.h"

#define AT_ONCE 1024

/* A path that begins at the root does not go up to what is mounted over it. */
static int make_room(struct uncovered *uncovered)
{
	cleanup_fd int fd = tmpfs_directory();
	int err = fd < 0 ? fd : sys_move_mount(fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);

	if (!err)
		uncovered->fd = fd_take(&fd);
	return err;
}

static int make_mountpoint(const struct uncovered *uncovered, const char *name, bool is_directory)
{
	if (is_directory)
		return mkdirat(uncovered->fd, name, 0700) < 0 ? -errno : 0;
	cleanup_fd int fd =
		openat(uncovered->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : 0;
}

void uncover_drop(struct uncovered *uncovered)
{
	if (uncovered->fd < 0)
		return;
	if (fchdir(uncovered->fd) < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return;
	fd_close(&uncovered->fd);
	uncovered->n = 0;
}

int uncover_move(struct uncovered *uncovered, int mount_fd, bool is_directory)
{
	char name[16];
	/* More would take memory of the kernel's. */
	if (uncovered->n == AT_ONCE)
		uncover_drop(uncovered);
	int err = uncovered->fd < 0 ? make_room(uncovered) : 0;

	if (err)
		return err;
	snprintf(name, sizeof(name), "%u", uncovered->n++);
	err = make_mountpoint(uncovered, name, is_directory);
	return err ? err
		   : sys_move_mount(mount_fd, "", uncovered->fd, name, MOVE_MOUNT_F_EMPTY_PATH);
}
