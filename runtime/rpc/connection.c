// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "runtime/rpc/message.h"
#include "runtime/rpc/operation.h"

int connection_notify(const struct connection *connection, const char *script, pid_t pid)
{
	Rpc__Notify notify = RPC__NOTIFY__INIT;
	Rpc__Response response = RPC__RESPONSE__INIT;
	cleanup_request Rpc__Request *request = NULL;

	notify.script = (char *)script;
	notify.has_pid = pid > 0;
	notify.pid = pid;
	response.type = MESSAGE_NOTIFY;
	response.success = true;
	response.notify = &notify;
	int err = message_send(connection->sock, &response, -1);

	if (!err)
		err = message_receive(connection->sock, &request);
	if (err)
		return err;
	if (request->type != MESSAGE_NOTIFY)
		return -EPROTO;
	return request->has_notify_success && request->notify_success ? 0 : -ECANCELED;
}

#define STRANGER_MS 1000 /* what a client that may not ask gets to say it */

/*
 * What is no request at all gets no answer but this. The packet must be read first: a socket that
 * is closed with something unread tells the other side of a reset, not of an answer.
 */
static void refuse_packet(int sock, int err, const char *why)
{
	struct pollfd wait = { .fd = sock, .events = POLLIN };
	char first;

	if (poll(&wait, 1, STRANGER_MS) > 0)
		recv(sock, &first, sizeof(first), MSG_DONTWAIT);
	connection_refuse(sock, err, why);
}

void connection_refuse(int sock, int err, const char *why)
{
	Rpc__Response response = RPC__RESPONSE__INIT;

	response.type = MESSAGE_EMPTY;
	response.has_cr_errno = true;
	response.cr_errno = -err;
	response.cr_errmsg = (char *)why;
	message_send(sock, &response, -1);
}

/* Return: 1 if the client may go on, 0 if it is done, or a negative errno. */
static int serve_one(const struct connection *connection)
{
	cleanup_request Rpc__Request *request = NULL;
	int err = message_receive(connection->sock, &request);

	if (err == -EPIPE)
		return 0;
	if (err == -EMSGSIZE)
		refuse_packet(connection->sock, err, "the request is longer than 4 MiB");
	if (err)
		return log_error(err, "process %d sent what is no request of CRIU's protocol",
				 (int)connection->peer.pid);
	err = operation_serve(connection, request);
	/* After the pages that may be dumped early comes the rest. */
	return err ? err
		   : (request->has_keep_open && request->keep_open) ||
			       request->type == MESSAGE_PRE_DUMP;
}

static int check_socket(int sock)
{
	socklen_t size = sizeof(int);
	int type;

	if (getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &size) < 0)
		return log_error(-errno, "descriptor %d is not a socket", sock);
	if (type != SOCK_SEQPACKET)
		return log_error(-EPROTOTYPE, "descriptor %d is not a socket of packets", sock);
	return 0;
}

int connection_serve(int sock, bool is_worker, enum criu_by by)
{
	cleanup_fd int own = sock;
	cleanup_peer struct peer peer = PEER_NONE;
	int err = check_socket(sock);

	if (err)
		return err;
	err = peer_find(sock, &peer);
	if (err)
		return log_error(err, "cannot tell who is at the other end of descriptor %d", sock);
	struct connection connection = {
		.sock = own, .is_worker = is_worker, .by = by, .peer = peer
	};

	if (!is_worker && !peer_may_ask(&peer)) {
		refuse_packet(sock, -EPERM, "only root and the user of this service may ask it");
		return log_error(-EPERM, "process %d of user %u may not ask", (int)peer.pid,
				 (unsigned int)peer.uid);
	}
	do {
		err = serve_one(&connection);
	} while (err > 0);
	return err;
}
