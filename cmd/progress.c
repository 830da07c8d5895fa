// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

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

void progress_start(struct progress_line *progress, bool json)
{
	*progress = (struct progress_line){ .wanted = !json && isatty(STDERR_FILENO),
					    .start = now_ms() };
}

void progress_show(void *data, const struct rebind_progress *now)
{
	struct progress_line *p = data;
	char line[160], mounts[64] = "", bytes[48] = "";

	if (!p->wanted || now_ms() - p->start < PATIENCE)
		return;
	size_t max = terminal_width();

	if (now->all_mounts)
		snprintf(mounts, sizeof(mounts), ", %u of %u mounts", now->mounts, now->all_mounts);
	if (now->bytes)
		snprintf(bytes, sizeof(bytes), ", %" PRIu64 " MiB of contents", now->bytes >> 20);
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
