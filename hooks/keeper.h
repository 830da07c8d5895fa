/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The keeper: a process between rebind and the plugin process, in which no code of a plugin runs.
 *
 *	rebind --- keeper --- plugin process --- whatever plugins start
 *
 * Plugins fork helpers and daemons, and crash. What they started is then nobody's child, unless
 * there is a subreaper above: the keeper is. However the plugin process ends, and also when rebind
 * itself is killed, the keeper kills all that is left below it, reaps it, and reports.
 */
#ifndef REBIND_HOOKS_KEEPER_H
#define REBIND_HOOKS_KEEPER_H

#include "base/util.h"

/**
 * keeper_main - what the forked child does
 * @sock: its connection to rebind, owned. WIRE_ROOT and WIRE_LEAVE are obeyed; the end of the
 *        connection means that all is to end. The last message sent is WIRE_ENDED
 * @worker: runs in the plugin process and does not return
 *
 * Call it with all signals blocked. It does not return.
 */
void keeper_main(int sock, void (*worker)(void *data), void *data) __attribute__((noreturn));

/**
 * keeper_leave - go to another mount namespace, root and working directory
 * @proc_fd: of a /proc that shows this process, or negative
 *
 * Every thread that shares this one's filesystem struct gets the new root, this thread the
 * namespace, too. Return: 0 or a negative errno, logged: -EBUSY if another thread has a filesystem
 * struct of its own and would stay behind.
 */
int keeper_leave(int proc_fd, int ns_fd, int root_fd);

/**
 * keeper_raise_caps - put every permitted capability into the effective set
 *
 * rebind holds them down; plugins are used to having what their host has.
 */
void keeper_raise_caps(void);

/* Which descriptors to close: all, or only those that an execve(2) would close. */
enum keeper_close { KEEPER_CLOSE_ALL, KEEPER_CLOSE_ON_EXEC };

/**
 * keeper_close_others - close descriptors from 3 on, but for those of a list
 */
void keeper_close_others(enum keeper_close which, const int *keep, size_t n);

#endif
