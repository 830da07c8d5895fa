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
 * inside_told - a message to a process that will hold mount namespaces
 * @fd: the descriptor that came along; taken if it is kept
 * @root_fd: what IPC_ROOT brought
 *
 * IPC_ROOT: becomes its root; setns(2) alone would land on what is stacked on the namespace's root.
 * IPC_BESIDE: a child enters another namespace of the set, and ends with this process. IPC_HOLD:
 * enter this one and stay there; answers 0 when it is inside, and IPC_GO releases it, and is
 * answered.
 *
 * Return: 0; or a negative errno, and the process ends. If it holds it does not return.
 */
int inside_told(struct inside *in, const struct ipc_message *message, int *fd, int *root_fd);

/**
 * inside_name_holder - take the name by which a holder is known: cmd/pidfile.c
 */
void inside_name_holder(void);

/**
 * inside_stay - hold the namespaces until a signal ends it
 */
_Noreturn void inside_stay(void);

/**
 * inside_empty_root - an empty directory that is mounted nowhere
 * Return: a descriptor or a negative errno (-EPERM: not in this user namespace).
 */
int inside_empty_root(void);

/**
 * inside_leave_root - an empty directory as root and working directory: others must see nothing
 * there
 */
int inside_leave_root(void);

/**
 * inside_door - make a mount namespace that the user namespace owns, and let others find it
 *
 * The answer carries its descriptor. The root of the user namespace may open it by
 * /proc/PID/ns/mnt: this process shows nothing else. Return: a negative errno, when it ends.
 */
int inside_door(struct inside *in);

/**
 * inside_guest - the holder of runtime/rpc/pause.h
 */
int inside_guest(struct inside *in);

/**
 * inside_reap - reap orphans, as the first process of a pid namespace must
 */
void inside_reap(void);

/**
 * inside_drop - give capabilities up for good
 * @keep_admin: except those needed to open filesystem contexts and enter a mount namespace
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
