// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/pipeline.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Enough for zlib and a digest. The usual 8 MiB may count, or be locked into memory. */
#define STACK_SIZE ((size_t)256 << 10)

int pipeline_open(struct pipeline *pipeline, size_t room, pipeline_fn work, void *data)
{
	*pipeline = (struct pipeline){
		.room = room,
		.work = work,
		.data = data,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
	};
	pipeline->blocks[0].data = malloc(room);
	return pipeline->blocks[0].data ? 0 : -ENOMEM;
}

/* ---- between the two ---- */

/* Return: an empty block, NULL if the other side has stopped. */
static struct pipeline_block *wait_for_empty(struct pipeline *pipeline)
{
	pthread_mutex_lock(&pipeline->lock);
	while (!pipeline->closed && pipeline->filled - pipeline->emptied == PIPELINE_BLOCKS)
		pthread_cond_wait(&pipeline->changed, &pipeline->lock);
	bool closed = pipeline->closed;

	pthread_mutex_unlock(&pipeline->lock);
	return closed ? NULL : &pipeline->blocks[pipeline->filled % PIPELINE_BLOCKS];
}

/* Return: the oldest full block, NULL if there is none and none will come. */
static struct pipeline_block *wait_for_full(struct pipeline *pipeline)
{
	pthread_mutex_lock(&pipeline->lock);
	while (!pipeline->closed && pipeline->filled == pipeline->emptied)
		pthread_cond_wait(&pipeline->changed, &pipeline->lock);
	bool none = pipeline->filled == pipeline->emptied;

	pthread_mutex_unlock(&pipeline->lock);
	return none ? NULL : &pipeline->blocks[pipeline->emptied % PIPELINE_BLOCKS];
}

static void pipeline_count(struct pipeline *pipeline, unsigned int *counter)
{
	pthread_mutex_lock(&pipeline->lock);
	(*counter)++;
	pthread_cond_signal(&pipeline->changed);
	pthread_mutex_unlock(&pipeline->lock);
}

static void shut(struct pipeline *pipeline, int err)
{
	pthread_mutex_lock(&pipeline->lock);
	if (err)
		pipeline->err = err;
	pipeline->closed = true;
	pthread_cond_signal(&pipeline->changed);
	pthread_mutex_unlock(&pipeline->lock);
}

/* ---- the thread ---- */

static int fill_some(struct pipeline *pipeline)
{
	struct pipeline_block *block;

	while ((block = wait_for_empty(pipeline))) {
		int err = pipeline->work(pipeline->data, block);

		if (err || !block->size)
			return err;
		pipeline_count(pipeline, &pipeline->filled);
	}
	return 0;
}

static void *fill_all(void *data)
{
	struct pipeline *pipeline = data;

	pipeline->tid = (pid_t)syscall(SYS_gettid);
	shut(pipeline, fill_some(pipeline));
	return NULL;
}

static int empty_some(struct pipeline *pipeline)
{
	struct pipeline_block *block;

	while ((block = wait_for_full(pipeline))) {
		int err = pipeline->work(pipeline->data, block);

		if (err)
			return err;
		pipeline_count(pipeline, &pipeline->emptied);
	}
	return 0;
}

static void *empty_all(void *data)
{
	struct pipeline *pipeline = data;

	pipeline->tid = (pid_t)syscall(SYS_gettid);
	shut(pipeline, empty_some(pipeline));
	return NULL;
}

/* Two threads on one CPU would only take turns. */
static bool has_one_cpu(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && CPU_COUNT(&cpus) < 2;
}

static bool make_blocks(struct pipeline *pipeline)
{
	for (size_t i = 1; i < PIPELINE_BLOCKS; i++) {
		pipeline->blocks[i].data = malloc(pipeline->room);
		if (!pipeline->blocks[i].data)
			return false;
	}
	return true;
}

/* Signals must interrupt the calls of the caller's thread. */
static int make_thread(struct pipeline *pipeline, void *(*run)(void *))
{
	pthread_attr_t attr;
	sigset_t all, before;
	int err = pthread_attr_init(&attr);

	if (err)
		return err;
	sigfillset(&all);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&pipeline->thread, &attr, run, pipeline);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return err;
}

/* Return: is there a thread, now at the latest? It is asked for once. */
static bool has_help(struct pipeline *pipeline, void *(*run)(void *))
{
	if (!pipeline->asked)
		pipeline->has_thread =
			!has_one_cpu() && make_blocks(pipeline) && make_thread(pipeline, run) == 0;
	pipeline->asked = true;
	return pipeline->has_thread;
}

/*
 * The thread's id is cleared, which is what pthread_join(3) waits for, before the kernel has taken
 * the thread from the process and from its filesystem struct. setns(2) into a user namespace, or
 * another mount namespace, would find two of them for a moment and be refused.
 */
static void wait_for_thread(struct pipeline *pipeline)
{
	pthread_join(pipeline->thread, NULL);
	while (syscall(SYS_tgkill, getpid(), pipeline->tid, 0) == 0)
		sched_yield();
	pipeline->has_thread = false;
}

/* ---- the caller ---- */

/* The block that is held is full: to the thread, or at work itself. */
static int pipeline_hand_over(struct pipeline *pipeline)
{
	if (has_help(pipeline, empty_all)) {
		pipeline_count(pipeline, &pipeline->filled);
		pipeline->held = NULL;
		return 0;
	}
	pipeline->err = pipeline->work(pipeline->data, pipeline->held);
	pipeline->held->size = 0;
	return pipeline->err;
}

static struct pipeline_block *hold_empty(struct pipeline *pipeline)
{
	if (!pipeline->held) {
		pipeline->held =
			pipeline->has_thread ? wait_for_empty(pipeline) : &pipeline->blocks[0];
		if (pipeline->held)
			pipeline->held->size = 0;
	}
	return pipeline->held;
}

int pipeline_put(struct pipeline *pipeline, const void *data, size_t size)
{
	const unsigned char *p = data;

	while (size) {
		struct pipeline_block *block = hold_empty(pipeline);

		if (!block || (!pipeline->has_thread && pipeline->err))
			return pipeline->err;
		size_t n =
			size < pipeline->room - block->size ? size : pipeline->room - block->size;

		memcpy(block->data + block->size, p, n);
		block->size += n;
		p += n;
		size -= n;
		int err = block->size == pipeline->room ? pipeline_hand_over(pipeline) : 0;

		if (err)
			return err;
	}
	return 0;
}

int pipeline_end(struct pipeline *pipeline)
{
	if (pipeline->held && pipeline->held->size) {
		/* What came to less than a block is not worth a thread. */
		pipeline->asked = true;
		pipeline_hand_over(pipeline);
	}
	if (pipeline->has_thread) {
		shut(pipeline, 0);
		wait_for_thread(pipeline);
	}
	return pipeline->err;
}

static ssize_t get_alone(struct pipeline *pipeline, const void **ret)
{
	struct pipeline_block *block = &pipeline->blocks[0];

	if (!pipeline->err)
		pipeline->err = pipeline->work(pipeline->data, block);
	pipeline->held = block;
	*ret = block->data;
	return pipeline->err ? pipeline->err : (ssize_t)block->size;
}

static bool is_alone(struct pipeline *pipeline)
{
	if (pipeline->has_thread)
		return false;
	/* A block that is not full was the last. */
	if (pipeline->err || !pipeline->held || pipeline->held->size < pipeline->room)
		return true;
	/* It was filled here, and is not the thread's to count. */
	pipeline->held = NULL;
	return !has_help(pipeline, fill_all);
}

ssize_t pipeline_get(struct pipeline *pipeline, const void **ret)
{
	if (is_alone(pipeline))
		return get_alone(pipeline, ret);
	if (pipeline->held)
		pipeline_count(pipeline, &pipeline->emptied);
	pipeline->held = wait_for_full(pipeline);
	if (!pipeline->held)
		return pipeline->err;
	*ret = pipeline->held->data;
	return (ssize_t)pipeline->held->size;
}

void pipeline_close(struct pipeline *pipeline)
{
	int saved = errno;

	if (pipeline->has_thread) {
		shut(pipeline, 0);
		wait_for_thread(pipeline);
	}
	for (size_t i = 0; i < PIPELINE_BLOCKS; i++)
		util_free(&pipeline->blocks[i].data);
	errno = saved;
}
