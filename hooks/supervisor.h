/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The supervisor: a process between rebind and the plugin process, in which no code of a plugin
 * runs.
 *
 *	rebind --- supervisor --- plugin process --- whatever plugins start
 *
 * Plugins fork helpers and daemons, and crash. Processes that they started are then reparented to
 * the nearest subreaper, which is the supervisor. However the plugin process ends, and also when
 * rebind itself is killed, the supervisor kills all that is left below it, reaps it, and reports.
 */
#ifndef REBIND_HOOKS_SUPERVISOR_H
#define REBIND_HOOKS_SUPERVISOR_H

#include "base/util.h"

struct supervisor_child {
	void (*run)(void *data); /* does not return */
	void *data;
	const int *keep; /* descriptors it needs although they are close-on-exec */
	size_t n_keep;
};

/**
 * supervisor_main - what the forked child does
 * @sock: its connection to rebind, owned. WIRE_ROOT and WIRE_LEAVE are obeyed; the end of the
 *        connection means that all is to end. The last message sent is WIRE_ENDED
 * @child: what the plugin process is to be
 *
 * Both are as if executed: of the caller's descriptors the plugin process has those that are not
 * close-on-exec, the supervisor none. Call it with all signals blocked. It does not return.
 */
void supervisor_main(int sock, const struct supervisor_child *child) __attribute__((noreturn));

/**
 * supervisor_leave - go to another mount namespace, root and working directory
 * @proc_fd: of a /proc that shows this process, or negative
 *
 * Every thread that shares this one's filesystem struct gets the new root, this thread the
 * namespace, too. Return: 0 or a negative errno, logged: -EBUSY if another thread has a filesystem
 * struct of its own and would stay behind.
 */
int supervisor_leave(int proc_fd, int ns_fd, int root_fd);

/**
 * supervisor_raise_caps - put every permitted capability into the effective set
 *
 * rebind holds them down; plugins are used to having what their host has.
 */
void supervisor_raise_caps(void);

#endif
