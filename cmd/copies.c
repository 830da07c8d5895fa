// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/copies.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/guard.h"
#include "base/path.h"
#include "cmd/cmd.h"
#include "cmd/errors.h"
#include "cmd/options.h"

void copies_free(struct copies *copies)
{
	for (int64_t i = 0; i < copies->n && copies->list; i++)
		handover_free(&copies->list[i]);
	for (int64_t i = 0; i < copies->n && copies->files; i++)
		free(copies->files[i]);
	for (int64_t i = 0; i < copies->n && copies->there; i++)
		free(copies->there[i]);
	free(copies->there);
	free(copies->list);
	free(copies->files);
	if (copies->done)
		munmap(copies->done, sizeof(*copies->done));
	copies->done = NULL;
	copies->list = NULL;
	copies->files = NULL;
	copies->there = NULL;
}

/* "%d" once, and no other '%'. */
static bool has_number(const char *format)
{
	const char *percent = strchr(format, '%');

	return percent && percent[1] == 'd' && !strchr(percent + 1, '%');
}

static char *with_number(const char *format, int64_t number)
{
	const char *percent = strchr(format, '%');
	char *text;

	return asprintf(&text, "%.*s%lld%s", (int)(percent - format), format, (long long)number,
			percent + 2) < 0
		       ? NULL
		       : text;
}

static int check_words(const struct handover *all)
{
	const char *file = all->pin ? all->pin : all->pidfile;

	if (all->command)
		return usage_error("restore", "--copies has no command: give --pin, --pidfile or "
					      "--send-fd");
	if (file && !has_number(file))
		return usage_error("restore",
				   "with --copies each namespace has a file of its own: '%s' of "
				   "--%s needs one %%d, for its number",
				   file, all->pin ? "pin" : "pidfile");
	return 0;
}

static int no_memory(void)
{
	errors_say("%s", strerror(ENOMEM));
	return STATUS_FAILED;
}

static int prepare_one(struct copies *copies, const struct handover *all, int64_t i)
{
	const char *format = all->pin ? all->pin : all->pidfile;
	struct handover *one = &copies->list[i];

	handover_init(one);
	one->send_fd = all->send_fd;
	if (format) {
		copies->files[i] = with_number(format, i + 1);
		if (!copies->files[i])
			return no_memory();
		copies->there[i] = all->pin ? realpath(copies->files[i], NULL) : NULL;
		*(all->pin ? &one->pin : &one->pidfile) = copies->files[i];
	}
	return handover_prepare(one);
}

int copies_prepare(struct copies *copies, const struct handover *all)
{
	int status = check_words(all);

	if (status)
		return status;
	copies->list = calloc((size_t)copies->n, sizeof(*copies->list));
	copies->files = calloc((size_t)copies->n, sizeof(*copies->files));
	copies->there = calloc((size_t)copies->n, sizeof(*copies->there));
	if (!copies->list || !copies->files || !copies->there)
		return no_memory();
	for (int64_t i = 0; i < copies->n; i++)
		handover_init(&copies->list[i]);
	for (int64_t i = 0; i < copies->n && !status; i++)
		status = prepare_one(copies, all, i);
	return status;
}

/* What was handed over before another one failed. @there: the pin's file, if it was there before. */
static void copies_take_back(struct handover *one, const char *there, pid_t holder)
{
	if (holder > 0)
		kill(holder, SIGKILL);
	if (one->pidfile)
		pidfile_take_back(&one->file);
	if (one->pin && umount2(there ? there : one->pin, MNT_DETACH | UMOUNT_NOFOLLOW) == 0 &&
	    !there)
		unlink(one->pin);
}

/*
 * The mountpoints that were created are the first one's, and are removed if that is not handed over:
 * so it is the last. Only over a socket the order is the caller's.
 */
static int64_t index_of(const struct copies *copies, int64_t nth)
{
	return copies->list[0].send_fd >= 0 ? nth : copies->n - 1 - nth;
}

static bool copies_stands(const struct handover *one)
{
	return one->pidfile ? pidfile_holder(&one->file) > 0
			    : one->pin && path_holds_namespace(one->pin);
}

/* Of the last: what was not handed over when we died is gone soon. */
static bool stays(const struct handover *one)
{
	enum { PATIENCE = 1000000, LOOK = 20000 }; /* microseconds */

	for (int waited = 0; copies_stands(one); waited += LOOK) {
		if (waited >= PATIENCE)
			return true;
		usleep(LOOK);
	}
	return false;
}

/* In the guard, when we are dead. The one that was on its way may have been handed over, too. */
static void copies_clean_up(void *data, int fd)
{
	const struct copies *copies = data;
	int64_t done = *copies->done;

	if (done == copies->n ||
	    (done + 1 == copies->n && stays(&copies->list[index_of(copies, done)])))
		return;
	for (int64_t nth = 0; nth <= done; nth++) {
		int64_t i = index_of(copies, nth);
		const struct handover *one = &copies->list[i];

		if (one->pidfile)
			pidfile_end_holder(&one->file);
		/* Neither did before. */
		if (one->pin && path_holds_namespace(one->pin))
			copies_take_back(&(struct handover){ .pin = one->pin }, copies->there[i],
					 0);
	}
}

static int hand_over_all(struct copies *copies, struct handover *current,
			 struct rebind_namespace *const *list, pid_t *holders)
{
	int err = 0;

	while (!err && *copies->done < copies->n) {
		int64_t i = index_of(copies, *copies->done);
		int status = 0;

		*current = copies->list[i];
		err = handover_run(current, list[i], &holders[i], &status);
		/* What it opened and wrote is the list's. */
		copies->list[i] = *current;
		*copies->done += !err;
	}
	return err;
}

int copies_run(struct copies *copies, struct handover *current,
	       struct rebind_namespace *const *list)
{
	cleanup_free pid_t *holders = calloc((size_t)copies->n, sizeof(*holders));
	cleanup(guard_end) struct guard guard = GUARD_NONE;

	copies->done = mmap(NULL, sizeof(*copies->done), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (copies->done == MAP_FAILED)
		copies->done = NULL;
	if (!holders || !copies->done)
		return -ENOMEM;
	int err = guard_start(&guard, GUARD_WE_GONE, copies_clean_up, copies, -EBADF);

	if (!err)
		err = hand_over_all(copies, current, list, holders);
	int64_t done = *copies->done;

	for (int64_t nth = 0; err && nth < done; nth++) {
		int64_t i = index_of(copies, nth);

		copies_take_back(&copies->list[i], copies->there[i], holders[i]);
	}
	handover_init(current);
	return err;
}
