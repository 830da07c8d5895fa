// SPDX-License-Identifier: LGPL-2.1-or-later
#include "hooks/wire.h"

#include <poll.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"

#define AWAKE_US 100

int wire_add(struct wire *message, const char *text)
{
	size_t size = strlen(text) + 1;

	if (size > WIRE_TEXT - message->used)
		return -ENAMETOOLONG;
	memcpy(message->text + message->used, text, size);
	message->used += (uint32_t)size;
	return 0;
}

char *wire_text(struct wire *message, unsigned int n)
{
	char *p = message->text, *end = message->text + message->used;

	while (n && p < end) {
		p += strlen(p) + 1;
		n--;
	}
	if (p < end)
		return p;
	message->text[WIRE_TEXT - 1] = '\0';
	return &message->text[WIRE_TEXT - 1];
}

int wire_send(int sock, const struct wire *message, int fd)
{
	return fd_send(sock, message, offsetof(struct wire, text) + message->used, fd);
}

int wire_reply(int sock, int value)
{
	struct wire message;

	WIRE_INIT(&message, WIRE_REPLY);
	message.value = value;
	return wire_send(sock, &message, -1);
}

int wire_running(int sock, int step, const char *label)
{
	struct wire message;

	WIRE_INIT(&message, WIRE_RUNNING);
	message.hook = step;
	int err = wire_add(&message, label);

	return err ? err : wire_send(sock, &message, -1);
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

void wire_await(int sock)
{
	struct pollfd pollfd = { .fd = sock, .events = POLLIN };
	int64_t end = now_us() + AWAKE_US;

	while (poll(&pollfd, 1, 0) == 0 && now_us() < end)
		sched_yield();
}

int wire_recv(int sock, struct wire *message, int *ret_fd)
{
	cleanup_fd int fd = -EBADF;
	ssize_t n = fd_recv(sock, message, sizeof(*message), &fd);

	if (n <= 0)
		return n == -ECONNRESET ? 0 : (int)n;
	if ((size_t)n < offsetof(struct wire, text) || message->used > WIRE_TEXT ||
	    (size_t)n != offsetof(struct wire, text) + message->used)
		return -EPROTO;
	if (message->used && message->text[message->used - 1] != '\0')
		return -EPROTO;
	if (ret_fd)
		*ret_fd = fd_take(&fd);
	return 1;
}
