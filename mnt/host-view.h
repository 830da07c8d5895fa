/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A mount namespace for processes that must be in it before its mounts can be made. Until then it
 * shows what the caller sees, so programs that they execute are the caller's. restore_run() builds
 * in it: pivot_root(2) of the builder also changes the root of every process that has the old root.
 */
#ifndef REBIND_MNT_HOST_VIEW_H
#define REBIND_MNT_HOST_VIEW_H

#include <sys/types.h>

#include "base/util.h"

/**
 * host_view_open - make one
 *
 * Its root is the caller's, even if that is a chroot. Its mounts are slaves of the caller's. It
 * lives as long as its descriptor, or a process in it.
 *
 * Return: an nsfs descriptor or a negative errno, logged.
 */
int host_view_open(void);

/* A process through which the root of a user namespace finds a view. */
struct host_door {
	pid_t pid;
	int sock;
};

#define HOST_DOOR_INIT         \
	{                      \
		.sock = -EBADF \
	}

/**
 * host_door_start - start it, when the user namespace is not there yet
 * @ret_path: where the view will be: "/proc/PID/ns/mnt"; as our /proc has it
 *
 * It dies with us. Return: 0 or a negative errno, logged.
 */
int host_door_start(struct host_door *door, char ret_path[64]);

/**
 * host_door_open - make a view that a user namespace owns
 * @view_fd: of host_view_open(); it is copied, as a slave of the same mounts
 *
 * Files of other users of the host cannot be reached there. Return: an nsfs descriptor or a
 * negative errno, logged.
 */
int host_door_open(struct host_door *door, int view_fd, int user_fd);

/**
 * host_door_close - end it: CRIU's first process has entered
 */
void host_door_close(struct host_door *door);

#endif
