/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Blocks of bytes that a second thread fills or empties while the caller does the opposite, a
 * bounded number of them. The thread is started with the second block. So there is none for a small
 * file; nor on a single CPU, nor if it cannot be created. That only takes longer.
 *
 * The thread sees memory and open descriptors, and no more than that: it must not name a path, as
 * the working directory moves below it, nor change what a thread has of its own (ids, namespaces).
 * It takes no signals.
 */
#ifndef REBIND_BASE_PIPELINE_H
#define REBIND_BASE_PIPELINE_H

#include <pthread.h>
#include <sys/types.h>

#include "base/util.h"

#define PIPELINE_BLOCKS 4

struct pipeline_block {
	unsigned char *data;
	size_t size; /* in use */
};

/**
 * pipeline_fn - fill a block and say its size, 0 at the end; or take what is in a block
 * @data: nothing that the caller touches before pipeline_get() tells the end, or pipeline_end() is
 * over
 *
 * Return: 0 or a negative errno; it is not called again then.
 */
typedef int (*pipeline_fn)(void *data, struct pipeline_block *block);

struct pipeline {
	size_t room; /* of a block */
	pipeline_fn work;
	void *data;
	struct pipeline_block blocks[PIPELINE_BLOCKS];
	unsigned int filled, emptied; /* so many, modulo 2^32; blocks between are full */
	struct pipeline_block *held;  /* by the caller */
	bool closed;
	int err; /* the work's */
	bool asked, has_thread;
	pthread_t thread;
	pid_t tid;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

/**
 * pipeline_open - nothing happens yet
 * @room: of a block
 *
 * Return: 0 or -ENOMEM; pipeline_close() is right in both cases.
 */
int pipeline_open(struct pipeline *pipeline, size_t room, pipeline_fn work, void *data);

/**
 * pipeline_put - bytes for the work to take, now or later
 *
 * Return: 0, or what the work returned for some block before.
 */
int pipeline_put(struct pipeline *pipeline, const void *data, size_t size);

/**
 * pipeline_end - have the work take the rest, and wait until it has
 *
 * Return: 0, or what the work returned for some block.
 */
int pipeline_end(struct pipeline *pipeline);

/**
 * pipeline_get - the next block that the work filled
 * @ret: valid until the next call
 *
 * Return: its size, 0 at the end, or what the work returned.
 */
ssize_t pipeline_get(struct pipeline *pipeline, const void **ret);

/**
 * pipeline_close - stop, wait for the thread to be gone, free the blocks
 *
 * Gone as the kernel has it: setns(2) and unshare(2) count threads. errno is kept.
 */
void pipeline_close(struct pipeline *pipeline);

#endif
