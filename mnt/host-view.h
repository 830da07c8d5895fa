/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A mount namespace for processes that are to be in one before its mounts can be made: until then
 * it shows what the caller sees, and what they execute by a path is the caller's. restore_run()
 * builds in it: each pivot_root(2) of the builder takes along every process that has the old root
 * as its own.
 */
#ifndef REBIND_MNT_HOST_VIEW_H
#define REBIND_MNT_HOST_VIEW_H

#include <sys/types.h>

#include "base/util.h"

/**
 * host_view_open - make one
 *
 * Its root is the caller's, also where that is a chroot; it hears of the caller's mounts and tells
 * nothing back. It lives as long as its descriptor, or a process in it.
 *
 * Return: an nsfs descriptor or a negative errno, logged.
 */
int host_view_open(void);

/* A process by which a view is found, of the root of a user namespace. */
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
 * @view_fd: of host_view_open(); it is copied, with all that it hears of
 *
 * What belongs to other users of the host is out of reach there. Return: an nsfs descriptor or a
 * negative errno, logged.
 */
int host_door_open(struct host_door *door, int view_fd, int user_fd);

/**
 * host_door_close - end it: CRIU's first process has entered
 */
void host_door_close(struct host_door *door);

#endif
