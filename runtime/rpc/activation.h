/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a service manager and a service say to each other: the socket that the manager has opened
 * (sd_listen_fds(3)), and that the service is ready (sd_notify(3)). Both protocols are a few
 * variables of the environment.
 */
#ifndef REBIND_RUNTIME_RPC_ACTIVATION_H
#define REBIND_RUNTIME_RPC_ACTIVATION_H

/**
 * activation_socket - take the listening socket that this process was started with
 *
 * LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES are removed from the environment in every case: what
 * this process starts must not take them for its own.
 *
 * Return: the descriptor, which the caller owns, close-on-exec and non-blocking; -ENOENT if there
 * is none for this process; or another negative errno, said: there are several, or it is not a
 * listening AF_UNIX socket of type SOCK_SEQPACKET.
 */
int activation_socket(void);

/**
 * activation_ready - tell the manager at NOTIFY_SOCKET, if there is one, that the service listens
 *
 * NOTIFY_SOCKET is removed from the environment. Return: 0 or a negative errno, said.
 */
int activation_ready(void);

#endif
