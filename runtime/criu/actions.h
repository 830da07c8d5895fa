/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CRIU's actions, answered by this process. CRIU runs a program at each action (--action-script);
 * the program is rebind under another name, which passes the action on over a socket, waits for the
 * answer and exits with it. Program and socket are in a detached tmpfs: it is reached through our
 * descriptor, and ends with us.
 */
#ifndef REBIND_RUNTIME_CRIU_ACTIONS_H
#define REBIND_RUNTIME_CRIU_ACTIONS_H

#include <sys/types.h>

#include "base/util.h"

#define ACTIONS_PROGRAM "rebind-action"

struct actions {
	int dir_fd;    /* what is below it is ours and CRIU's to use */
	int sock;      /* where the program connects to */
	char path[64]; /* of the directory: "/proc/PID/fd/N" */
};

#define ACTIONS_INIT           \
	{                      \
		-EBADF, -EBADF \
	}

/**
 * actions_open - make the directory, the program and the socket
 * Return: 0 or a negative errno.
 */
int actions_open(struct actions *actions);
void actions_close(struct actions *actions);
#define cleanup_actions cleanup(actions_close)

/**
 * actions_path - a path by which CRIU finds the file behind a descriptor of ours
 * Return: 0 or a negative errno, logged.
 */
int actions_path(int fd, char ret[64]);

/**
 * actions_fn - called at an action
 * @action: "post-dump", "setup-namespaces", ...
 * @root_task: the first process of the container as we see its pid, or 0
 *
 * Return: 0, or a negative errno, logged: the action fails, and CRIU with it.
 */
typedef int (*actions_fn)(void *data, const char *action, pid_t root_task);

/**
 * actions_serve - answer until CRIU ends
 * @criu: a child of ours; reaped
 * @ret_status: as of waitpid(2)
 *
 * Return: 0 or a negative errno: CRIU then gets no more answers, and fails.
 */
int actions_serve(struct actions *actions, pid_t criu, actions_fn fn, void *data, int *ret_status);

/**
 * actions_program - main() of the program
 * @self: argv[0]: it tells where the socket is
 *
 * Return: the exit status.
 */
int actions_program(const char *self);

#endif
