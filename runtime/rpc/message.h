/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CRIU's RPC on the wire: a packet of an AF_UNIX SOCK_SEQPACKET socket is one message. */
#ifndef REBIND_RUNTIME_RPC_MESSAGE_H
#define REBIND_RUNTIME_RPC_MESSAGE_H

#include "base/util.h"
#include "runtime/rpc/rpc.pb-c.h"

/* Requests and answers have the same types. */
enum message_type {
	MESSAGE_EMPTY = 0,
	MESSAGE_DUMP = 1,
	MESSAGE_RESTORE = 2,
	MESSAGE_CHECK = 3,
	MESSAGE_PRE_DUMP = 4,
	MESSAGE_PAGE_SERVER = 5,
	MESSAGE_NOTIFY = 6,
	MESSAGE_CPUINFO_DUMP = 7,
	MESSAGE_CPUINFO_CHECK = 8,
	MESSAGE_FEATURE_CHECK = 9,
	MESSAGE_VERSION = 10,
	MESSAGE_WAIT_PID = 11,
	MESSAGE_PAGE_SERVER_CHILD = 12,
	MESSAGE_SINGLE_PRE_DUMP = 13,
};

/*
 * What a client may send at once: room for the volumes of 100,000 mounts. The kernel itself takes
 * no packet that is much longer.
 */
#define MESSAGE_MAX (4U << 20)

/* A decoded request; free_() as a cleanup. */
void message_free(Rpc__Request **request);
#define cleanup_request cleanup(message_free)

/**
 * message_decode - one packet
 * @ret: a request that message_free() frees; untouched on failure
 *
 * Return: 0; -EMSGSIZE more than MESSAGE_MAX bytes; -EBADMSG it is no request.
 */
int message_decode(const void *data, size_t size, Rpc__Request **ret);

/**
 * message_receive - wait for the next request
 *
 * A packet is never read in part: its size is peeked at first. The kernel drops descriptors that
 * come along.
 *
 * Return: as message_decode(); -EPIPE when the client is gone.
 */
int message_receive(int sock, Rpc__Request **ret);

/**
 * message_send - send an answer
 * @fd: a descriptor to ride on it, or negative
 *
 * Return: 0; -EPIPE when the client is gone.
 */
int message_send(int sock, const Rpc__Response *response, int fd);

/**
 * message_pack - an answer as bytes, which another process sends
 * @ret: malloc()ed
 *
 * Return: 0 or -ENOMEM.
 */
int message_pack(const Rpc__Response *response, uint8_t **ret, size_t *ret_size);

#endif
