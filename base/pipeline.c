// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/pipeline.h"

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Enough for zlib and a digest. The usual 8 MiB may count, or be locked into memory. */
#define STACK_SIZE ((size_t)256 << 10)

int belt_open(struct belt *belt, size_t room, belt_fn work, void *data)
{
	*belt = (struct belt){
		.room = room,
		.work = work,
		.data = data,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
	};
	belt->blocks[0].data = malloc(room);
	return belt->blocks[0].data ? 0 : -ENOMEM;
}

/* ---- between the two ---- */

/* Return: a block with nothing in it, NULL if nobody wants it any more. */
static struct belt_block *wait_for_empty(struct belt *belt)
{
	pthread_mutex_lock(&belt->lock);
	while (!belt->closed && belt->filled - belt->emptied == BELT_BLOCKS)
		pthread_cond_wait(&belt->changed, &belt->lock);
	bool closed = belt->closed;

	pthread_mutex_unlock(&belt->lock);
	return closed ? NULL : &belt->blocks[belt->filled % BELT_BLOCKS];
}

/* Return: the oldest full block, NULL if there is none and none will come. */
static struct belt_block *wait_for_full(struct belt *belt)
{
	pthread_mutex_lock(&belt->lock);
	while (!belt->closed && belt->filled == belt->emptied)
		pthread_cond_wait(&belt->changed, &belt->lock);
	bool none = belt->filled == belt->emptied;

	pthread_mutex_unlock(&belt->lock);
	return none ? NULL : &belt->blocks[belt->emptied % BELT_BLOCKS];
}

static void count(struct belt *belt, unsigned int *counter)
{
	pthread_mutex_lock(&belt->lock);
	(*counter)++;
	pthread_cond_signal(&belt->changed);
	pthread_mutex_unlock(&belt->lock);
}

static void shut(struct belt *belt, int err)
{
	pthread_mutex_lock(&belt->lock);
	if (err)
		belt->err = err;
	belt->closed = true;
	pthread_cond_signal(&belt->changed);
	pthread_mutex_unlock(&belt->lock);
}

/* ---- the thread ---- */

static int fill_some(struct belt *belt)
{
	struct belt_block *block;

	while ((block = wait_for_empty(belt))) {
		int err = belt->work(belt->data, block);

		if (err || !block->size)
			return err;
		count(belt, &belt->filled);
	}
	return 0;
}

static void *fill_all(void *data)
{
	struct belt *belt = data;

	belt->tid = (pid_t)syscall(SYS_gettid);
	shut(belt, fill_some(belt));
	return NULL;
}

static int empty_some(struct belt *belt)
{
	struct belt_block *block;

	while ((block = wait_for_full(belt))) {
		int err = belt->work(belt->data, block);

		if (err)
			return err;
		count(belt, &belt->emptied);
	}
	return 0;
}

static void *empty_all(void *data)
{
	struct belt *belt = data;

	belt->tid = (pid_t)syscall(SYS_gettid);
	shut(belt, empty_some(belt));
	return NULL;
}

/* Two threads on one CPU would only take turns. */
static bool has_one_cpu(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && CPU_COUNT(&cpus) < 2;
}

static bool make_blocks(struct belt *belt)
{
	for (size_t i = 1; i < BELT_BLOCKS; i++) {
		belt->blocks[i].data = malloc(belt->room);
		if (!belt->blocks[i].data)
			return false;
	}
	return true;
}

/* Signals are for the caller's thread, whose calls they are to interrupt. */
static int make_thread(struct belt *belt, void *(*run)(void *))
{
	pthread_attr_t attr;
	sigset_t all, before;
	int err = pthread_attr_init(&attr);

	if (err)
		return err;
	sigfillset(&all);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&belt->thread, &attr, run, belt);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return err;
}

/* Return: is there a thread, now at the latest? It is asked for once. */
static bool has_help(struct belt *belt, void *(*run)(void *))
{
	if (!belt->asked)
		belt->has_thread =
			!has_one_cpu() && make_blocks(belt) && make_thread(belt, run) == 0;
	belt->asked = true;
	return belt->has_thread;
}

/*
 * The thread's id is cleared, which is what pthread_join(3) waits for, before the kernel has taken
 * the thread from the process and from its filesystem struct. setns(2) into a user namespace, or
 * another mount namespace, would find two of them for a moment and be refused.
 */
static void wait_for_thread(struct belt *belt)
{
	pthread_join(belt->thread, NULL);
	while (syscall(SYS_tgkill, getpid(), belt->tid, 0) == 0)
		sched_yield();
	belt->has_thread = false;
}

/* ---- the caller ---- */

/* The block that is held is full: to the thread, or at work itself. */
static int hand_over(struct belt *belt)
{
	if (has_help(belt, empty_all)) {
		count(belt, &belt->filled);
		belt->held = NULL;
		return 0;
	}
	belt->err = belt->work(belt->data, belt->held);
	belt->held->size = 0;
	return belt->err;
}

static struct belt_block *hold_empty(struct belt *belt)
{
	if (!belt->held) {
		belt->held = belt->has_thread ? wait_for_empty(belt) : &belt->blocks[0];
		if (belt->held)
			belt->held->size = 0;
	}
	return belt->held;
}

int belt_put(struct belt *belt, const void *data, size_t size)
{
	const unsigned char *p = data;

	while (size) {
		struct belt_block *block = hold_empty(belt);

		if (!block || (!belt->has_thread && belt->err))
			return belt->err;
		size_t n = size < belt->room - block->size ? size : belt->room - block->size;

		memcpy(block->data + block->size, p, n);
		block->size += n;
		p += n;
		size -= n;
		int err = block->size == belt->room ? hand_over(belt) : 0;

		if (err)
			return err;
	}
	return 0;
}

int belt_end(struct belt *belt)
{
	if (belt->held && belt->held->size) {
		/* What came to less than a block is not worth a thread. */
		belt->asked = true;
		hand_over(belt);
	}
	if (belt->has_thread) {
		shut(belt, 0);
		wait_for_thread(belt);
	}
	return belt->err;
}

static ssize_t get_alone(struct belt *belt, const void **ret)
{
	struct belt_block *block = &belt->blocks[0];

	if (!belt->err)
		belt->err = belt->work(belt->data, block);
	belt->held = block;
	*ret = block->data;
	return belt->err ? belt->err : (ssize_t)block->size;
}

static bool is_alone(struct belt *belt)
{
	if (belt->has_thread)
		return false;
	/* A block that is not full was the last. */
	if (belt->err || !belt->held || belt->held->size < belt->room)
		return true;
	/* It was filled here, and is not the thread's to count. */
	belt->held = NULL;
	return !has_help(belt, fill_all);
}

ssize_t belt_get(struct belt *belt, const void **ret)
{
	if (is_alone(belt))
		return get_alone(belt, ret);
	if (belt->held)
		count(belt, &belt->emptied);
	belt->held = wait_for_full(belt);
	if (!belt->held)
		return belt->err;
	*ret = belt->held->data;
	return (ssize_t)belt->held->size;
}

void belt_close(struct belt *belt)
{
	int saved = errno;

	if (belt->has_thread) {
		shut(belt, 0);
		wait_for_thread(belt);
	}
	for (size_t i = 0; i < BELT_BLOCKS; i++)
		util_free(&belt->blocks[i].data);
	errno = saved;
}
