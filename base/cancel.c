// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/cancel.h"

#include <poll.h>

static _Thread_local struct cancel current = { .fd = -1 };

struct cancel cancel_swap(struct cancel cancel)
{
	struct cancel before = current;

	current = cancel;
	return before;
}

bool cancel_is_seen(void)
{
	return current.is_seen;
}

int cancel_fd(void)
{
	return current.is_seen ? -1 : current.fd;
}

int cancel_check(void)
{
	struct pollfd wait = { .fd = cancel_fd(), .events = POLLIN };

	if (wait.fd >= 0 && poll(&wait, 1, 0) > 0)
		current.is_seen = true;
	return current.is_seen ? -ECANCELED : 0;
}

int cancel_await(int fd)
{
	struct pollfd wait[] = {
		{ .fd = cancel_fd(), .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};
	int n;

	if (wait[0].fd < 0)
		return 0;
	do {
		n = poll(wait, ARRAY_SIZE(wait), -1);
	} while (n < 0 && errno == EINTR);
	if (n <= 0 || !wait[0].revents)
		return 0;
	current.is_seen = true;
	return -ECANCELED;
}
