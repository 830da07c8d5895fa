/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The service: a socket at a path, or an inherited one, and a process for each connection. */
#ifndef REBIND_RUNTIME_RPC_SERVICE_H
#define REBIND_RUNTIME_RPC_SERVICE_H

#include "runtime/criu/choice.h"

struct service {
	const char *address; /* path of the socket: made with mode 0600; or NULL */
	int sock;      /* without an address: a socket that listens, taken over; or negative */
	int status_fd; /* takes a zero byte when it listens, and is closed; or negative */
	bool in_background;
	enum criu_by by;		      /* who does the mounts of containers */
	int (*on_start)(void *data, int pid); /* listening, with that pid; or NULL */
	void *data;
};

/**
 * service_run - serve until SIGTERM or SIGINT
 *
 * Who may ask: root, and the user that the service runs as. A socket at the path that nobody
 * listens to is replaced; another service's, or another file, is an error. The socket is removed
 * at the end, an inherited one stays, and what is still being worked on is given up: nothing of it is left.
 *
 * Return: 0 or a negative errno, said.
 */
int service_run(const struct service *service);

#endif
