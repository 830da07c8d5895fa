/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Progress of an operation: the child that works reports it, the caller passes it on. */
#ifndef REBIND_MNT_IPC_PROGRESS_H
#define REBIND_MNT_IPC_PROGRESS_H

#include "include/rebind.h"
#include "mnt/ipc/message.h"

struct progress {
	rebind_progress_fn fn; /* NULL: no progress is wanted */
	void *data;
	int sock;	   /* in a child: to the caller; else negative */
	const char *doing; /* constant text */
	uint32_t mounts, all_mounts;
	uint64_t bytes, all_bytes; /* of contents that are done; of all, 0: not known */
	int64_t next;		   /* milliseconds of CLOCK_MONOTONIC: nothing is told before */
};

/**
 * progress_tell - report the progress, at most a few times a second
 *
 * In a child over its socket, in the caller itself. It costs nothing if no progress is wanted.
 */
void progress_tell(struct progress *progress);

/**
 * progress_bytes - the same from within an archive; an archive_progress_fn
 * @data: the struct progress
 * @bytes: of this archive, which are not in progress->bytes yet
 */
void progress_bytes(void *data, uint64_t bytes);

/**
 * progress_pass - in the caller: pass on a child's IPC_PROGRESS
 */
void progress_pass(const struct progress *progress, const struct ipc_message *message,
		   const char *doing);

#endif
