// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/progress-fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "cmd/options.h"

int progress_fd_open(const char *verb, int64_t fd)
{
	int flags = fd ? fcntl((int)fd, F_GETFL) : O_WRONLY;

	if (flags < 0)
		return usage_error(verb, "descriptor %d of --progress-fd is not open", (int)fd);
	if ((flags & O_ACCMODE) == O_RDONLY)
		return usage_error(verb, "descriptor %d of --progress-fd is open for reading only",
				   (int)fd);
	/* The standard ones are a command's. */
	if (fd > STDERR_FILENO && fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
		return usage_error(verb, "descriptor %d of --progress-fd: %s", (int)fd,
				   strerror(errno));
	return 0;
}

/* Without the signal that a pipe without a reader sends. */
static void write_line(int fd, const char *line, size_t size)
{
	struct sigaction before, ignore = { .sa_handler = SIG_IGN };

	if (sigaction(SIGPIPE, &ignore, &before) < 0)
		return;
	/* What does not get through is lost: the next line has newer numbers. */
	(void)!write(fd, line, size);
	sigaction(SIGPIPE, &before, NULL);
}

void progress_fd_tell(int fd, const struct rebind_progress *now)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	char line[256]; /* fits into a pipe that has room at all */

	if (poll(&room, 1, 0) <= 0 || !(room.revents & POLLOUT))
		return;
	int n = snprintf(
		line, sizeof(line),
		"{\"doing\": \"%s\", \"mounts\": %u, \"all_mounts\": %u, \"bytes\": %" PRIu64
		", \"all_bytes\": %" PRIu64 "}\n",
		now->doing, now->mounts, now->all_mounts, now->bytes, now->all_bytes);

	if (n > 0 && (size_t)n < sizeof(line))
		write_line(fd, line, (size_t)n);
}
