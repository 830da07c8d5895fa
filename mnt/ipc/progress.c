// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mnt/ipc/progress.h"

#include <time.h>

#define INTERVAL 250 /* milliseconds */

static bool is_due(struct progress *p)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;

	bool is_first = !p->next;

	if (ms < p->next)
		return false;
	p->next = ms + INTERVAL;
	return !is_first; /* what has just begun is not worth the message */
}

void progress_bytes(void *data, uint64_t bytes)
{
	struct progress *p = data;
	struct ipc_message message = {
		.type = IPC_PROGRESS,
		.progress = { p->bytes + bytes, p->all_bytes, p->mounts, p->all_mounts },
	};

	if (!p->fn || !is_due(p))
		return;
	if (p->sock >= 0)
		ipc_send(p->sock, message, (const char *const[4]){ p->doing }, -1);
	else
		progress_pass(p, &message, p->doing);
}

void progress_tell(struct progress *progress)
{
	progress_bytes(progress, 0);
}

void progress_pass(const struct progress *progress, const struct ipc_message *message,
		   const char *doing)
{
	struct rebind_progress now = {
		.size = sizeof(now),
		.doing = doing ? doing : "",
		.bytes = message->progress.bytes,
		.mounts = message->progress.mounts,
		.all_mounts = message->progress.all_mounts,
		.all_bytes = message->progress.all_bytes,
	};

	if (progress->fn)
		progress->fn(progress->data, &now);
}
