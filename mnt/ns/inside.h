/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The program that runs inside of namespaces (inside/inside.c), as its caller sees it.
 *
 * It is in this library as a block of bytes, and is executed from a sealed memfd: so other
 * processes in the namespaces cannot see or overwrite a file of the host through it
 * (CVE-2019-5736).
 */
#ifndef REBIND_MNT_NS_INSIDE_H
#define REBIND_MNT_NS_INSIDE_H

#include <sys/types.h>

#include "mnt/ipc/message.h"

enum { INSIDE_SOCK = 3 }; /* its only descriptor, but for a command's 0 to 2 */

/* IPC_START: what it is for. */
enum inside_purpose {
	INSIDE_SERVE,	/* inode: the id that a mount namespace of it must be above */
	INSIDE_HOLD,	/* IPC_ROOT and IPC_HOLD follow */
	INSIDE_COMMAND, /* a file of words comes along; IPC_KEEP and IPC_HOLD follow */
	INSIDE_DOOR,	/* its mount namespace is one that others of its user namespace may enter */
	INSIDE_GUEST,	/* runtime/rpc/pause.c: IPC_HOLD and IPC_GO follow, and the client's answer
		       */
};

enum { INSIDE_ANSWER_MAX = 4096 };

/**
 * inside_start - execute it
 * @is_command: it keeps stdio and the handling of signals
 * @ret_pid: a child of the caller's that dies with it
 * @ret_sock: to talk to it; if it cannot be started, its answer there says so
 *
 * Return: 0 or a negative errno.
 */
int inside_start(bool is_command, pid_t *ret_pid, int *ret_sock);

/**
 * inside_seal - the program, in a sealed memfd: for callers that fork in another way
 *
 * Return: a descriptor that the caller owns, or a negative errno.
 */
int inside_seal(void);

/**
 * inside_execute - in the child: become the program
 * @sock: its socket
 */
_Noreturn void inside_execute(int program, int sock, bool is_command);

/**
 * inside_words - a file with a command and its environment, as INSIDE_COMMAND takes it
 *
 * Without the caller's working directory: PWD is "/", and there is no OLDPWD. Return: a descriptor
 * that the caller owns, or a negative errno.
 */
int inside_words(char *const argv[], char *const env[]);

#endif
