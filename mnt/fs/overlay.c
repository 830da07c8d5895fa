// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/child.h"
#include "base/log.h"
#include "mnt/fs/fs.h"

/* In the child: its root is the new root, its descriptors are ours. */
static int configure(struct build *b, const struct mount *m, int fs_fd)
{
	if (fchdir(b->fds[b->tree->root]) < 0 || chroot(".") < 0)
		return log_error(-errno, "cannot enter the new root for mount %u '%s'", m->id, m->mountpoint);
	int err = *m->source ? fs_set_option(fs_fd, m, "source", m->source) : 0;

	if (!err)
		err = fs_set_options(fs_fd, m, m->options);
	/* The creation says it in its own words. */
	if (!err && fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		err = log_error(-errno, "cannot create the overlay of mount %u '%s' from '%s'", m->id,
				m->mountpoint, m->options);
	return err;
}

int fs_overlay_create(struct build *b, const struct mount *m)
{
	cleanup_fd int fs_fd = keeper_fsopen(b->keeper, "overlay");

	if (fs_fd < 0)
		return log_error(fs_fd, "cannot create an overlay for mount %u '%s'", m->id, m->mountpoint);
	pid_t pid = child_fork();

	if (pid == 0)
		_exit(configure(b, m, fs_fd) ? 1 : 0);
	int err = pid < 0 ? log_error(pid, "cannot fork") : child_wait(pid, NULL);

	if (err)
		return err;
	int fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, 0);

	return fd < 0 ? log_error(-errno, "cannot mount the overlay of mount %u '%s'", m->id, m->mountpoint) :
			fd;
}
