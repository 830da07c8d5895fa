/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef REBIND_INSIDE_INSIDE_H
#define REBIND_INSIDE_INSIDE_H

#include <fcntl.h>
#include <stdbool.h>

#include "mnt/ipc/message.h"

/* What the process knows. */
struct inside {
	int sock;
	bool has_user, has_pid; /* it has entered or made one */
	int root_fd;		/* an empty directory, or negative: it cannot be made here */
	int proc_fd;		/* the caller's /proc, or negative */
};

/**
 * inside_serve - open filesystem contexts until told to hold a namespace, or left alone
 * @above: with a user namespace: the id that its new mount namespace must be above, or 0
 *
 * Return: a negative errno, when it ends.
 */
int inside_serve(struct inside *in, uint64_t above);

/**
 * inside_hold_when_told - do as inside_told() until it holds
 */
int inside_hold_when_told(struct inside *in);

/**
 * inside_told - what a process is told that shall hold mount namespaces
 * @fd: what came along; taken if it is kept
 * @root_fd: what IPC_ROOT brought
 *
 * IPC_ROOT: what becomes its root: not what is stacked on the namespace's, on which whoever enters
 * it stands. IPC_BESIDE: a child enters another namespace of the set, and ends with this process.
 * IPC_HOLD: enter this one and stay there: answers 0 when it is inside; IPC_GO lets it go, to live
 * on alone, and is answered.
 *
 * Return: 0 or a negative errno: it is of no use any more; if it holds it does not return.
 */
int inside_told(struct inside *in, const struct ipc_message *message, int *fd, int *root_fd);

/**
 * inside_stay - live on alone, until a signal asks for the end
 */
_Noreturn void inside_stay(void);

/**
 * inside_empty_root - an empty directory that is mounted nowhere
 * Return: a descriptor or a negative errno (-EPERM: not in this user namespace).
 */
int inside_empty_root(void);

/**
 * inside_leave_root - an empty directory as root and working directory: whoever looks at them
 * shall see nothing
 */
int inside_leave_root(void);

/**
 * inside_door - make a mount namespace that the user namespace owns, and let others find it
 *
 * Its descriptor is answered. By /proc/PID/ns/mnt the root of the user namespace may open it, as it
 * may what is its own: this process has no other secret. Return: a negative errno, when it ends.
 */
int inside_door(struct inside *in);

/**
 * inside_guest - the holder of runtime/rpc/pause.h
 */
int inside_guest(struct inside *in);

/**
 * inside_reap - the first process of a pid namespace buries its dead
 */
void inside_reap(void);

/**
 * inside_drop - give capabilities up, for good
 * @keep_admin: but for those that filesystem contexts and entering a mount namespace take
 *
 * Return: 0 or a negative errno.
 */
int inside_drop(bool keep_admin);

/**
 * inside_command - become the command
 * @words_fd: a file of NUL-terminated words: "argc envc", the arguments, the environment
 *
 * The mount namespace comes with IPC_HOLD; with IPC_KEEP, if it comes first, a socket to the
 * builder. Return: a negative errno, if it could not.
 */
int inside_command(struct inside *in, int words_fd);

#endif
