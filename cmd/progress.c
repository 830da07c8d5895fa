// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/progress.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cmd/progress-fd.h"

#define PATIENCE 1000 /* milliseconds before anything is shown */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A line that is wider would be two, and only one of them is taken away again. */
static size_t terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < 2)
		return 79;
	return size.ws_col - 1U;
}

/* ---- Ctrl-C ---- */

/* A handler is handed nothing: written before it is set. */
static struct {
	pid_t pid;
	char text[128];
} interrupted;

/* Children have the handler as well, and say nothing. */
static void end(int number)
{
	if (getpid() == interrupted.pid)
		(void)!write(STDERR_FILENO, interrupted.text, strlen(interrupted.text));
	raise(number); /* as if there were no handler: SA_RESETHAND */
}

static void catch (struct progress_line *progress, const char *outcome)
{
	struct sigaction before,
		action = { .sa_handler = end, .sa_flags = SA_RESETHAND | SA_NODEFER };

	if (sigaction(SIGINT, NULL, &before) < 0 || before.sa_handler != SIG_DFL)
		return;
	interrupted.pid = getpid();
	snprintf(interrupted.text, sizeof(interrupted.text), "\nrebind: interrupted; %s\n",
		 outcome);
	progress->catches = sigaction(SIGINT, &action, NULL) == 0;
}

void progress_end(struct progress_line *progress)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	progress_clear(progress);
	if (progress->catches)
		sigaction(SIGINT, &action, NULL);
	progress->catches = false;
}

/* ---- the line ---- */

void progress_start(struct progress_line *progress, bool json, int64_t to_fd, const char *outcome)
{
	*progress = (struct progress_line){ .wanted = !json && isatty(STDERR_FILENO),
					    .start = now_ms(),
					    .to_fd = (int)to_fd };
	if (progress->wanted)
		catch (progress, outcome);
}

/* ", 512 of 2048 MiB of contents, 210 MiB/s" */
static void put_bytes(struct progress_line *p, const struct rebind_progress *now, char *buf,
		      size_t size)
{
	int64_t ms = p->bytes_start ? now_ms() - p->bytes_start : 0;
	uint64_t done = now->bytes >> 20, all = now->all_bytes >> 20;
	char of[32] = "", rate[32] = "";

	if (!now->bytes)
		return;
	if (!p->bytes_start)
		p->bytes_start = now_ms();
	/* It is counted otherwise: holes are files' bytes, and in no page. */
	if (all && all >= done)
		snprintf(of, sizeof(of), " of %" PRIu64, all);
	if (ms >= PATIENCE)
		snprintf(rate, sizeof(rate), ", %" PRIu64 " MiB/s", done * 1000 / (uint64_t)ms);
	snprintf(buf, size, ", %" PRIu64 "%s MiB of contents%s", done, of, rate);
}

void progress_show(void *data, const struct rebind_progress *now)
{
	struct progress_line *p = data;
	char line[160], mounts[64] = "", bytes[80] = "";

	if (p->to_fd)
		progress_fd_tell(p->to_fd, now);
	if (!p->wanted)
		return;
	put_bytes(p, now, bytes, sizeof(bytes));
	if (now_ms() - p->start < PATIENCE)
		return;
	size_t max = terminal_width();

	if (now->all_mounts)
		snprintf(mounts, sizeof(mounts), ", %u of %u mounts", now->mounts, now->all_mounts);
	snprintf(line, sizeof(line), "rebind: %s%s%s", now->doing, mounts, bytes);
	if (max < sizeof(line))
		line[max] = '\0';
	size_t width = strlen(line);

	fprintf(stderr, "\r%s%*s", line, (int)(p->width > width ? p->width - width : 0), "");
	fflush(stderr);
	p->width = p->width > width ? p->width : width;
}

void progress_clear(struct progress_line *progress)
{
	if (!progress->width)
		return;
	fprintf(stderr, "\r%*s\r", (int)progress->width, "");
	fflush(stderr);
	progress->width = 0;
}
