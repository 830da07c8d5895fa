// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/rpc/message.h"

#include <sys/socket.h>

#include "base/fd.h"

void message_free(Rpc__Request **request)
{
	if (*request)
		rpc__request__free_unpacked(*request, NULL);
	*request = NULL;
}

int message_decode(const void *data, size_t size, Rpc__Request **ret)
{
	if (size > MESSAGE_MAX)
		return -EMSGSIZE;
	/* An empty packet looks like the end of the connection: a request has a type at least. */
	Rpc__Request *request = size ? rpc__request__unpack(NULL, size, data) : NULL;

	if (!request)
		return -EBADMSG;
	*ret = request;
	return 0;
}

/* The size of the next packet, which stays where it is. Return: a negative errno if there is none.
 */
static ssize_t peek_size(int sock)
{
	ssize_t size;
	char first;

	do {
		size = recv(sock, &first, sizeof(first), MSG_PEEK | MSG_TRUNC);
	} while (size < 0 && errno == EINTR);
	if (size < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	return size == 0 ? -EPIPE : size;
}

int message_receive(int sock, Rpc__Request **ret)
{
	ssize_t size = peek_size(sock);

	if (size < 0)
		return (int)size;
	if ((size_t)size > MESSAGE_MAX)
		return -EMSGSIZE;
	cleanup_free char *data = malloc((size_t)size);

	if (!data)
		return -ENOMEM;
	/* This is the only reader of the socket: it gets the packet that was peeked at. */
	size = recv(sock, data, (size_t)size, 0);
	if (size < 0)
		return -errno;
	return message_decode(data, (size_t)size, ret);
}

int message_pack(const Rpc__Response *response, uint8_t **ret, size_t *ret_size)
{
	size_t size = rpc__response__get_packed_size(response);
	uint8_t *data = malloc(size);

	if (!data)
		return -ENOMEM;
	rpc__response__pack(response, data);
	*ret = data;
	*ret_size = size;
	return 0;
}

int message_send(int sock, const Rpc__Response *response, int fd)
{
	cleanup_free uint8_t *data = NULL;
	size_t size;
	int err = message_pack(response, &data, &size);

	if (err)
		return err;
	err = fd_send(sock, data, size, fd);
	return err == -ECONNRESET ? -EPIPE : err;
}
