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
static int make_room(struct aside *aside)
{
	cleanup_fd int fd = scratch_directory();
	int err = fd < 0 ? fd : sys_move_mount(fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);

	if (!err)
		aside->fd = fd_take(&fd);
	return err;
}

static int make_mountpoint(const struct aside *aside, const char *name, bool is_directory)
{
	if (is_directory)
		return mkdirat(aside->fd, name, 0700) < 0 ? -errno : 0;
	cleanup_fd int fd = openat(aside->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : 0;
}

void aside_drop(struct aside *aside)
{
	if (aside->fd < 0)
		return;
	if (fchdir(aside->fd) < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return;
	fd_close(&aside->fd);
	aside->n = 0;
}

int aside_move(struct aside *aside, int mount_fd, bool is_directory)
{
	char name[16];
	/* More would take memory of the kernel's. */
	if (aside->n == AT_ONCE)
		aside_drop(aside);
	int err = aside->fd < 0 ? make_room(aside) : 0;

	if (err)
		return err;
	snprintf(name, sizeof(name), "%u", aside->n++);
	err = make_mountpoint(aside, name, is_directory);
	return err ? err : sys_move_mount(mount_fd, "", aside->fd, name, MOVE_MOUNT_F_EMPTY_PATH);
}
